"""Reads files for bench/: one JSON request per line in, the seconds and the shape as JSON per line out."""

import json
import sys
import time

import pandas
import scipy
import scipy.io


def mmread(path):
    return scipy.io.mmread(path).shape


def read_csv(path):
    return pandas.read_csv(path).shape


for line in sys.stdin:
    request = json.loads(line)
    try:
        if request["op"] == "about":
            reply = {"scipy": scipy.__version__, "pandas": pandas.__version__}
        else:
            began = time.perf_counter()
            shape = {"mmread": mmread, "read_csv": read_csv}[request["op"]](request["path"])
            reply = {"seconds": time.perf_counter() - began, "shape": shape}
    except Exception as error:  # told to the bench, which stops
        reply = {"error": repr(error)}
    print(json.dumps(reply), flush=True)
