"""Looking back on a diary: figures, streaks, the map of a year, an entry by chance.

    words, streaks, periods, figures     what is counted, and how
    gathering, choosing                  which days are read for it
    heat_map, hours, report              how it is shown

Rules: all but `gathering` and `choosing` is pure. A day is the writer's, by the wall clock of each
entry, so a journey across zones moves no entry to another day. What was removed does not count.
"""
