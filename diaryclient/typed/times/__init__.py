"""The words for days and times: read as a whole, or not at all (pure).

    time_languages  the words of ten languages, as data
    time_scanning   a text cut into what they and its figures mean, without a rest
    time_form       a row of the table: what a form is called, means, and looks like
    day_forms       forms of days
    period_forms    forms of months, quarters, years
    clock_forms     forms of times
    time_reading    every reading of a text in every language; one, or a mistake

Rules: now and the zone are handed in; what is left unread, or open, refuses the whole.
"""
