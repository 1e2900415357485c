"""What every kernel of .venv is told, whoever starts it; .ci/environment copies it to .venv/etc/ipython.

Since ipykernel 7.3 a kernel warns at every start that it listens on TCP without encryption. It listens on
localhost, for the process that started it, and the warning would stand in every log and report.
"""

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - IPython puts it there

c.IPKernelApp.log_level = 50  # logging.CRITICAL
