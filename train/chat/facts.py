"""What the exercises ask about: words, sentences and small talk, listed for this project."""

from __future__ import annotations

# Both directions are asked, so a word stands on each side once.
OPPOSITES = """
hot cold, big small, large tiny, tall short, long brief, fast slow, quick sluggish, high low, deep
shallow, wide narrow, thick thin, heavy light, dark bright, old young, new ancient, hard soft,
rough smooth, wet dry, full empty, open closed, clean dirty, rich poor, strong weak, happy sad,
good bad, kind cruel, brave cowardly, polite rude, honest dishonest, safe dangerous, easy
difficult, simple complicated, right wrong, true false, early late, first last, near far, above
below, up down, in out, on off, left right, front back, top bottom, inside outside, begin end,
start stop, come go, give take, buy sell, win lose, push pull, laugh cry, love hate, remember
forget, arrive depart, rise fall, lend borrow, build destroy, accept refuse, agree disagree,
appear disappear, enter leave, ask answer, teach learn, work rest, wake sleep, always never, often
rarely, everything nothing, everyone nobody, many few, more less, most least, day night, summer
winter, north south, east west, man woman, boy girl, king queen, friend enemy, success failure,
victory defeat, war peace, life death, hope despair, joy sorrow, beautiful ugly, loud quiet, noisy
silent, calm excited, lazy hardworking, generous selfish, careful careless, patient impatient,
possible impossible, lucky unlucky, fair unfair, visible invisible, legal illegal, regular
irregular, expensive cheap, public private, modern traditional, natural artificial, guilty
innocent, healthy sick, awake asleep, alive dead, tight loose, sharp blunt, sweet bitter, fresh
stale, raw cooked, full-time part-time, major minor, maximum minimum, increase decrease, expand
shrink, attack defend, praise criticize, reward punish, import export, combine separate, permanent
temporary, optimistic pessimistic, positive negative, active passive, arrogant humble, famous
unknown, crowded deserted, ordinary unusual, wise foolish, smart stupid, gentle harsh, cheerful
gloomy, bold timid, courage fear, wealth poverty, majority minority, past future, heaven hell,
present absent, include exclude
"""

SYNONYMS = """
big large, small little, happy glad, sad unhappy, fast quick, smart clever, angry furious, begin
start, end finish, help assist, buy purchase, difficult hard, easy simple, rich wealthy, brave
courageous, beautiful lovely, ugly hideous, old ancient, quiet silent, tired exhausted, strange
odd, funny amusing, scared afraid, loud noisy, cold chilly, hot scorching, tiny minuscule, huge
enormous, hungry starving, important significant, correct right, wrong incorrect, rude impolite,
kind gentle, friend companion, house home, child kid, job occupation, gift present, road street,
answer reply, ask inquire, choose select, look gaze, run sprint, jump leap, shout yell, cry weep,
laugh giggle, walk stroll, talk speak, hide conceal, build construct, repair fix, show display,
get obtain, keep retain, need require, like enjoy, hate detest, love adore, try attempt, use
employ, think ponder, understand comprehend, teach instruct, famous renowned, calm peaceful,
bright brilliant, clean spotless, dirty filthy, empty vacant, wet damp, weak feeble, strong
powerful, lucky fortunate, honest truthful, delicious tasty, boring dull, interesting fascinating,
nice pleasant, bad awful, good great, sick ill, error mistake, idea thought, trip journey, story
tale, war conflict
"""

VERBS = """
be was been, become became become, begin began begun, bite bit bitten, blow blew blown, break
broke broken, bring brought brought, build built built, buy bought bought, catch caught caught,
choose chose chosen, come came come, cost cost cost, cut cut cut, do did done, draw drew drawn,
drink drank drunk, drive drove driven, eat ate eaten, fall fell fallen, feed fed fed, feel felt
felt, fight fought fought, find found found, fly flew flown, forget forgot forgotten, forgive
forgave forgiven, freeze froze frozen, get got got, give gave given, go went gone, grow grew
grown, have had had, hear heard heard, hide hid hidden, hit hit hit, hold held held, keep kept
kept, know knew known, lead led led, leave left left, lend lent lent, let let let, lose lost lost,
make made made, mean meant meant, meet met met, pay paid paid, put put put, read read read, ride
rode ridden, ring rang rung, rise rose risen, run ran run, say said said, see saw seen, sell sold
sold, send sent sent, shake shook shaken, shine shone shone, shoot shot shot, shut shut shut, sing
sang sung, sit sat sat, sleep slept slept, speak spoke spoken, spend spent spent, stand stood
stood, steal stole stolen, swim swam swum, take took taken, teach taught taught, tear tore torn,
tell told told, think thought thought, throw threw thrown, understand understood understood, wake
woke woken, wear wore worn, win won won, write wrote written
"""
REGULAR_VERBS = """
walk talk jump play help call ask answer work look open close clean cook wash watch listen laugh
smile dance paint plant visit travel arrive move live love like hate want need use start finish
study carry cry try hurry worry stop plan drop shop clap hug rob beg jog bake smoke dream climb
kick pull push pick pack learn turn rain snow wait shout whisper explain invite decide
"""

IRREGULAR_PLURALS = """
child children, man men, woman women, foot feet, tooth teeth, goose geese, mouse mice, ox oxen,
person people, sheep sheep, deer deer, fish fish, leaf leaves, knife knives, wife wives, wolf
wolves, life lives, shelf shelves, loaf loaves, half halves, thief thieves, calf calves, potato
potatoes, tomato tomatoes, hero heroes, echo echoes, cactus cacti, crisis crises, analysis
analyses, phenomenon phenomena, criterion criteria, medium media, quiz quizzes, piano pianos,
photo photos
"""
NOUNS = """
cat dog house tree car book bird boat river song door chair table apple banana friend teacher
student doctor window garden bus box fox dish wish church bench glass class kiss watch brush
city baby lady party story country family cherry berry puppy boy toy day key monkey valley flower
pencil school letter number picture bridge horse cow pig lion shoe shirt spoon cup plate bottle
"""

MISSPELLINGS = """
recieve receive, beleive believe, freind friend, wierd weird, seperate separate, definately
definitely, occured occurred, untill until, tommorow tomorrow, begining beginning, goverment
government, enviroment environment, neccessary necessary, accomodate accommodate, adress address,
arguement argument, calender calendar, collegue colleague, concious conscious, embarass embarrass,
existance existence, foriegn foreign, fourty forty, grammer grammar, happend happened, harrass
harass, immediatly immediately, independant independent, intresting interesting, knowlege
knowledge, libary library, lenght length, lisence license, maintainance maintenance, mispell
misspell, neice niece, ocassion occasion, persistant persistent, posession possession, prefered
preferred, publically publicly, realy really, recomend recommend, refered referred, relevent
relevant, religous religious, rember remember, restarant restaurant, rythm rhythm, sieze seize,
sincerly sincerely, speach speech, strenght strength, succesful successful, suprise surprise,
tendancy tendency, thier their, truely truly, unfortunatly unfortunately, usefull useful, vaccum
vacuum, wich which, writting writing, acheive achieve, beautifull beautiful, buisness business,
commitee committee, completly completely, dissapear disappear, exellent excellent, experiance
experience, familar familiar, finaly finally, garantee guarantee, gaurd guard, hieght height,
humourous humorous, jewelery jewelry, mischievious mischievous, noticable noticeable, paralel
parallel, peice piece, pronounciation pronunciation, questionaire questionnaire, scedule schedule,
sugest suggest, temperture temperature, tounge tongue, vegtable vegetable, wether whether,
wonderfull wonderful, becuase because, teh the, freinds friends, langauge language, buisy busy,
wendesday Wednesday, febuary February, tommorrow tomorrow, yestarday yesterday, childern children,
peple people, somthing something, everthing everything, diffrent different, favorit favorite,
excercise exercise, morgage mortgage, recipt receipt, adn and, hapiness happiness, sucess success,
hospitle hospital, chocolat chocolate, elefant elephant, skool school, wensday Wednesday, litle
little, promiss promise, pictuer picture, answere answer, allways always, realise realize,
carefull careful, tryed tried, studing studying, runing running, stoped stopped, planing planning
"""

# fmt: off
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
# fmt: on
TENS = ("", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

# Small talk: what people say first, and what this assistant can honestly answer.
CAPITALS = """
France: Paris, Germany: Berlin, Italy: Rome, Spain: Madrid, Portugal: Lisbon, England: London, the
United Kingdom: London, Ireland: Dublin, Scotland: Edinburgh, Belgium: Brussels, the Netherlands:
Amsterdam, Switzerland: Bern, Austria: Vienna, Poland: Warsaw, Hungary: Budapest, Greece: Athens,
Sweden: Stockholm, Norway: Oslo, Finland: Helsinki, Denmark: Copenhagen, Iceland: Reykjavik, Russia:
Moscow, Ukraine: Kyiv, Turkey: Ankara, Czechia: Prague, Romania: Bucharest, Bulgaria: Sofia,
Croatia: Zagreb, Serbia: Belgrade, the United States: Washington, Canada: Ottawa, Mexico: Mexico
City, Cuba: Havana, Brazil: Brasilia, Argentina: Buenos Aires, Chile: Santiago, Peru: Lima,
Colombia: Bogota, Venezuela: Caracas, Egypt: Cairo, Morocco: Rabat, Kenya: Nairobi, Nigeria: Abuja,
Ghana: Accra, Ethiopia: Addis Ababa, South Africa: Pretoria, Israel: Jerusalem, Iran: Tehran, Iraq:
Baghdad, Saudi Arabia: Riyadh, India: New Delhi, Pakistan: Islamabad, Nepal: Kathmandu, China:
Beijing, Japan: Tokyo, South Korea: Seoul, North Korea: Pyongyang, Vietnam: Hanoi, Thailand:
Bangkok, Indonesia: Jakarta, Malaysia: Kuala Lumpur, the Philippines: Manila, Singapore: Singapore,
Australia: Canberra, New Zealand: Wellington
"""

# Short reviews: {x} is one of the things.
REVIEWED = """
film phone restaurant hotel meal coffee book game camera song app room shop car dress laptop cake
"""
REVIEWS = {
    "positive": """
I love this {x}.
I really like the {x}.
The {x} was wonderful.
The {x} is excellent and I am happy with it.
What a great {x}!
This is the best {x} I have ever had.
I would choose this {x} again.
The {x} was better than I expected.
Everyone in my family enjoyed the {x}.
A lovely {x} for a fair price.
The {x} is perfect for me.
I am so glad that I found this {x}.
Good {x}, good service, nice people.
Amazing {x}, I recommend it to all my friends.
I had a good time with this {x}.
The {x} is beautiful and works well.
I am very pleased with the {x}.
The {x} made my day.
""",
    "negative": """
I hate this {x}.
I do not like the {x}.
The {x} was terrible.
The {x} is poor and I am unhappy with it.
What a bad {x}!
This is the worst {x} I have ever had.
I would never choose this {x} again.
The {x} was worse than I expected.
Nobody in my family enjoyed the {x}.
A useless {x} and far too expensive.
The {x} is not for me at all.
I am sorry that I paid for this {x}.
Bad {x}, slow service, rude people.
Awful {x}, I warn all my friends.
I wasted my time with this {x}.
The {x} is ugly and does not work.
I am very disappointed with the {x}.
The {x} ruined my day.
""",
}

# Beside statements and questions, which the simple sentences give.
SUBJECTS = """
I, You, We, They, He, She, It, My brother, The teacher, Anna, The children, My parents, Tom,
The dog, Our neighbors, The girl, Sam and Mia, The doctor
"""
PLURAL_SUBJECTS = ("I", "You", "We", "They", "The children", "My parents", "Our neighbors",
                    "Sam and Mia")  # fmt: skip
NAMES_AND_I = ("I", "Anna", "Tom", "Sam and Mia")  # written with a capital letter everywhere
PREDICATES = """
likes like liked apples, eats eat ate breakfast at home, drinks drink drank tea in the morning,
plays play played football, walks walk walked to school, goes go went to the park,
reads read read a book, writes write wrote a letter, works work worked in the garden,
lives live lived in a small house, helps help helped the old man, knows know knew the answer,
sees see saw a bird, runs run ran very fast, sings sing sang a song, wants want wanted a new bike,
needs need needed more time, buys buy bought fresh bread, makes make made a cake,
watches watch watched the film, speaks speak spoke French, sleeps sleep slept on the sofa,
finds find found the key, takes take took the bus, opens open opened the window,
cleans clean cleaned the kitchen, loves love loved the sea, visits visit visited the museum,
comes come came home late, drives drive drove to work, teaches teach taught music,
has have had a red car, feels feel felt tired, tells tell told the truth,
carries carry carried the box, studies study studied every day, swims swim swam in the lake,
"""
