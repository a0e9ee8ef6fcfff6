"""Rebuild the prepared data sets from the public repositories that they come from.

    python -m train.build_data corpus     # the pretraining corpus
    python -m train.build_data sft        # the instruction set

One converter per source, a function that reads a repository's files and yields documents or tasks:

    sources.toml  the table of all sources: converter, size, licence; sources.py reads it
    archives.py   the repositories, as archives of their pinned commits
    readers.py    the formats of the files in them
    pipeline.py   downloads them and runs the converters, each in a process
    corpus.py     the corpus: duplicates.py tells what is new; output
    cleaning.py   what the converters share; polish.py is the last look at each document
    books.py  stories.py  wikipedia.py  articles.py  reference.py  dialogues.py     converters
    sft.py        the instruction set: limits, held-out prompts, output
    tasks.py      what its converters share: templates.json has the wordings
    *_tasks.py    converters, by what their tasks are about; word_lists.json has their words

patterns.toml has the words and expressions by which converters know what to leave out, and what
they put in the place of markup.
"""
