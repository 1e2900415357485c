"""`python -m wavecast VERB`, as `wavecast VERB`."""

from wavecast.main import main

if __name__ == "__main__":
    main(prog_name="wavecast")
