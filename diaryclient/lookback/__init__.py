"""Looking back on a diary: figures, streaks, the map of a year, an entry by chance.

    words      counts words in every script
    streaks    days in a row
    periods    a week, a month, a year, all
    figures    what is counted of a diary
    gathering  which days are read for that
    choosing   one entry, by chance
    heat_map   a year as a map
    hours      the hours of the day as bars
    report     figures as people read them, and as programs do

Rules: all but `gathering` and `choosing` is pure. A day is the writer's, by the wall clock of each
entry, so a journey across zones moves no entry to another day. What was removed does not count.
"""
