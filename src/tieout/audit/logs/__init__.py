"""Event logs of other tools as documents: OCEL 1.0 (JSON, CSV) and classic CSV with a case, an activity and a time.

entry    what ``[[logs]]`` of a mapping may say
stage    the tables that every form of log is read into, as text
table    logs that are CSV          → stage
ocel     logs that are OCEL JSON    → stage
settle   stage → `event` and `object` documents; what cannot be meant is refused
read     all of it, file by file, with their quality
"""
