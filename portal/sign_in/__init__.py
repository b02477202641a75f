"""Signing in, joining, and everything a person decides about their own account.

allauth carries the flows (stages of a sign-in, codes, second factor, list of sessions), axes the
lockouts; the pages, the words and the limits are ours. Modules are named for what they hold:
``adapter`` (how allauth meets our people), ``phones``, ``codes``, ``passwords``, ``lockouts``,
``sessions``, ``consents``; their pages stand in ``views``, ``joining``, ``account``.
"""
