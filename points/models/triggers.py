"""Conditions that several triggers share."""


def changed_but(*columns: str) -> str:
    """SQL for a trigger's condition: something else than ``columns`` differs."""
    kept = ", ".join(f"'{name}'" for name in columns)
    return f"(to_jsonb(OLD) - ARRAY[{kept}]) IS DISTINCT FROM (to_jsonb(NEW) - ARRAY[{kept}])"
