"""Pulls the plug again and again, and looks whether anything was lost.

The bot runs as a process of its own, or as several that share a database, between a sandbox Harbor
and a sandbox Telegram; people are at work, SIGKILL comes at random instants. At the end, when all
is quiet, an audit compares what Telegram was told and asked, what Harbor holds and what people see
with what the database says.
"""
