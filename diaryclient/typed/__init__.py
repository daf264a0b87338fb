"""What people type, and what they mean by it.

    composing       what a text says about itself: when it happened, whether it is starred
    editor          where it is typed, whatever happens to the editor
    standard_input  where it comes from else
    date_words      the days and times that may stand before a text, a grammar
    dates           those that options take
    wall_clock      which moment a clock on the wall showed
    zones           clocks in other time zones
    machine_zone    whether the C library knows the zone of TZ
    time_reader     the days and times that people type, wherever they are asked for
    times           the words for these, and what they mean (pure)

Rules: a text that was typed outlives whatever goes wrong with it.
"""
