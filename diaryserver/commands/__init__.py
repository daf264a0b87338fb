"""The commands of the command line that look after the data; `diaryserver.cli` joins them."""
