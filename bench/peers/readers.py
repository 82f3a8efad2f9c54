"""Reads files for bench/: one JSON request per line in, the seconds and the shape as JSON per line out."""

import json
import sys
import time

import pandas
import scipy
import scipy.io

for line in sys.stdin:
    request = json.loads(line)
    try:
        if request["op"] == "about":
            reply = {"scipy": scipy.__version__, "pandas": pandas.__version__}
        else:
            read = {"mmread": scipy.io.mmread, "read_csv": pandas.read_csv}[request["op"]]
            began = time.perf_counter()
            matrix = read(request["path"])
            reply = {"seconds": time.perf_counter() - began, "shape": matrix.shape}
            del matrix  # outside the clock, as the other side's is
    except Exception as error:  # told to the bench, which stops
        reply = {"error": repr(error)}
    print(json.dumps(reply), flush=True)
