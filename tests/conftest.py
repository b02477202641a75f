"""What all tests share: the browser (``tests/browser.py``)."""

pytest_plugins = ["tests.browser"]
