"""zCloud, the example app: `python zTest.py` runs it, `zolo migrate zTest.py` migrates it."""

zSpark = {"title": "zCloud", "zMode": "Terminal"}

if __name__ == "__main__":
    try:
        from zCLI import zCLI
    except ImportError:
        print("zCLI is not installed, so there is nothing to run; `zolo migrate` works without it.")
    else:
        zCLI(zSpark)
        print("zCloud has started, and has nothing else to do.")
