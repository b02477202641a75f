"""The demo subdistrict 江澜市望汐区青桐街道: everything in it is invented.

``plan`` says how much of what, ``places``, ``people`` and ``bodies`` build it in memory from a
fixed random seed and a day, ``world`` writes it in bulk, ``accounts`` picks who may sign in.
"""
