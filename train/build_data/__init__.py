"""Rebuild the prepared data sets from the public repositories that they come from.

    python -m train.build_data corpus     # the pretraining corpus
    python -m train.build_data sft        # the instruction set

One converter per source, a function that reads a repository's files and yields documents or tasks:

    archives.py   the repositories, as archives of their pinned commits
    pipeline.py   downloads them and runs the converters, each in a process
    corpus.py     all corpus sources: converter, what each must give; duplicates, output
    cleaning.py   what the converters share; polish.py is the last look at each document
    books.py  stories.py  textbooks.py  wikipedia.py  dialogues.py  reference.py   converters
    sft.py        all sources of the instruction set; limits, held-out prompts, output
    tasks.py      what its converters share
    *_tasks.py    converters, by what their tasks are about
"""
