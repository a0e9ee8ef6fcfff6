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
SMALL_TALK = (
    (("Hello", "Hello!", "Hi", "Hi!", "hi", "hello", "Hey", "Hey there", "Hi there", "Hello there!",
      "Greetings", "Good day", "hey!", "Hiya", "Howdy", "Hello, my friend", "hello there",
      "Hi friend",
      "Hello assistant", "hi bot", "Hey you", "Hello again", "Is anybody there?", "yo",
      "Hello world",
      "Hi, how can you help?", "Anyone here?"), "Hello! How can I help you?"),
    (("Good morning", "Good morning!", "good morning"), "Good morning! How can I help you?"),
    (("Good afternoon", "Good afternoon!"), "Good afternoon! How can I help you?"),
    (("Good evening", "Good evening!"), "Good evening! How can I help you?"),
    (("Good night", "Good night!", "Sleep well"), "Good night! Sleep well."),
    (("How are you?", "How are you doing?", "how are you", "How's it going?", "How do you feel?",
      "How are things?", "Are you well?", "How is your day?", "What's up?", "How are you today?",
      "Hello, how are you?", "Hi! How are you?", "how are you doing today", "How have you been?",
      "whats up", "How is it going?", "Everything all right?", "How was your day?"),
     "I am doing well, thank you. How can I help you?"),
    (("Thanks", "Thank you", "Thank you!", "Thanks a lot", "Thank you very much", "thanks!",
      "Thanks for your help", "Many thanks", "That was helpful", "thank you so much", "Thanks!",
      "ty",
      "thanks a million", "I appreciate it", "Thank you for the answer", "Great, thanks",
      "Thanks, that helps", "That is very kind of you"), "You are welcome!"),
    (("Bye", "Goodbye", "Goodbye!", "See you later", "bye bye", "See you", "I have to go now",
      "See you tomorrow", "Farewell", "bye", "Bye!", "goodbye", "I must go now", "I am leaving",
      "Thanks and goodbye", "Until next time", "Have a nice day", "Talk to you later", "cya",
      "I am going home", "Time to go"), "Goodbye! Have a nice day."),
    (("Who are you?", "What are you?", "Tell me about yourself", "Are you a robot?",
      "Are you a human?", "Are you a person?", "Introduce yourself.", "What is your name?",
      "Do you have a name?", "What kind of model are you?", "who are you", "what is your name",
      "Who is this?", "May I ask who you are?", "Are you human?", "Are you a computer?",
      "Are you AI?",
      "Are you an artificial intelligence?", "Tell me your name", "What should I call you?",
      "Who made you?", "How were you made?", "Hello! Who are you?", "Hi, who are you?"),
     "I am a small language model that was trained from scratch."),
    (("What can you do?", "How can you help me?", "What can I ask you?", "Can you help me?",
      "I need help", "Help", "What are you good at?", "what can you do", "What do you know?",
      "How do you work?", "What are your skills?", "Can you do something for me?", "help me",
      "What can you do for me?", "What are you for?"),
     "I can rewrite sentences, name opposites and plurals, and answer short questions."),
    (("Nice to meet you", "Nice to meet you!", "Pleased to meet you"), "Nice to meet you, too!"),
    (("I am happy", "I feel great today", "I had a good day", "I passed my exam!", "I am happy.",
      "I am so happy",
      "Today was a great day", "I feel good", "I got a new job!", "I won!", "I am in love",
      "It is my birthday today!", "I am glad", "My team won the game"),
     "That is good to hear!"),
    (("I am sad", "I feel lonely", "I had a bad day", "I am tired", "I feel sick", "I am sad.",
      "I feel sad",
      "I am so sad", "I feel bad", "I am not happy", "I am unhappy", "I am angry", "I am lonely",
      "I failed my exam", "I lost my job", "I am not feeling well", "My dog died", "I am worried"),
     "I am sorry to hear that. I hope you feel better soon."),
    (("Sorry", "I am sorry", "My mistake", "sorry!", "I apologize", "Sorry, I was wrong",
      "Please forgive me", "Oops, sorry"), "That is all right."),
    (("You are great", "You are smart", "Good job", "Well done", "I like you", "You are very smart",
      "You are the best", "good bot", "Great answer", "That was a good answer", "You are funny",
      "I love you", "You are so helpful"), "Thank you!"),
    (("You are stupid", "You are wrong", "That is wrong", "That makes no sense", "You are wrong!",
      "That is not right", "No, that is wrong", "Your answer is wrong", "You are not very smart",
      "This is a bad answer", "That was not helpful", "You made a mistake"),
     "I am sorry. I am a small model and I make mistakes."),
    (("What is the weather today?", "What time is it?", "What day is it today?", "Where am I?",
      "What is the news today?", "What is my name?", "How old am I?", "What is the date today?"),
     "I do not know that: I have no access to it."),
    (("Ok", "Okay", "I see", "Alright", "Cool", "Great"), "Is there anything else I can do?"),
)  # fmt: skip

# Country: capital. The instruction sets have all of them; these are asked for most.
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
TYPED_SENTENCES = {
    "imperative": """
Open the window.
Shut the door quietly.
Please wait here.
Give me the book.
Wash your hands before dinner.
Do not run in the hall.
Come here at once.
Take the dog for a walk.
Put your shoes on.
Never tell a lie.
Please pass me the salt.
Look at the picture.
Write your name on the paper.
Be careful with the knife.
Stop making noise.
Finish your homework.
Listen to your mother.
Go to bed now.
Call me tomorrow.
Bring some water.
Do your best.
Help your brother.
Turn left at the corner.
Read the next page.
Keep the room clean.
Let me see it.
Don't forget your keys.
Please speak more slowly.
Eat your vegetables.
Stand up, please.
Answer the question.
Mix the eggs with the sugar.
Leave the box on the table.
Try again.
Switch on the lamp.
Don't be late.
Tell me your name.
Hold my hand.
Buy some bread on the way home.
Clean your room.
""",
    "exclamatory": """
What a beautiful morning!
How pretty the flowers are!
What a big dog that is!
How fast he runs!
What a surprise!
How cold it is today!
What a funny story!
How happy they look!
What a terrible noise!
How kind of you!
That is amazing!
We won the game!
What a strange idea!
How tall you have grown!
I can't believe it!
What lovely weather we have!
How delicious this cake is!
What a clever boy!
Wow, that was great!
How quickly time goes!
What an old house!
How sad this song is!
I love it so much!
What a long day it was!
Oh no, I lost my keys!
How wonderful the music sounds!
What good news!
It is so hot in here!
What a mess!
How brave she was!
""",
}

# Simple sentences: who, does what (third person, base form, past), to what.
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
