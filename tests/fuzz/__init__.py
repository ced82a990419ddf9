"""Broken specs by the hundred thousand: every input ends in time, with a graph or with diagnostics.

`python -m tests.fuzz --mutations 500000 --random 200000 --jobs 2` is the long run, `test_fuzz.py` a short one;
`python -m tests.fuzz.guided --seconds 300` lets coverage guide (it needs `atheris`). An input is a function of its
kind, the seed and its number, so that whatever goes wrong can be made again.
"""
