"""Doing something to many: these objects, what would happen to them, doing it once, and the report of it.

Nothing here knows a SIM or a device. A folder that has objects registers them and what can be done to them in its
`bulk.py`.
"""
