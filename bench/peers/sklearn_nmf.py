"""Fits scikit-learn's NMF for bench/: one JSON request per line in, one JSON reply per line out.

Matrices come and go as raw little-endian files. X is samples x features here, the transpose of what the bench holds,
so that the bytes are the same: scikit-learn's W is H transposed, and is solved first, as H is by factorloom.
"""

import json
import sys
import time
import warnings

import numpy as np
import scipy
import scipy.sparse as sp
import sklearn
from sklearn.decomposition import non_negative_factorization
from threadpoolctl import threadpool_info

warnings.filterwarnings("ignore")
held = {}


def about(_):
    blas = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
    return {
        "python": sys.version.split()[0],
        "sklearn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "blas": [
            {
                "name": lib["internal_api"],
                "version": str(lib["version"]),
                "core": str(lib.get("architecture")),
                "threads": lib["num_threads"],
            }
            for lib in blas
        ],
    }


def data(request):
    """Keeps X under a name, in the layout and type it is computed in: nothing is converted inside the clock."""
    n, m, dtype, files = request["samples"], request["features"], request["dtype"], request["files"]
    if "indptr" in files:
        values = np.fromfile(files["values"], np.float64).astype(dtype)
        indices = np.fromfile(files["indices"], np.uint32).astype(np.int32)
        indptr = np.fromfile(files["indptr"], np.uint32).astype(np.int32)
        X = sp.csr_matrix((values, indices, indptr), shape=(n, m))
        X.has_sorted_indices = True
    else:
        X = np.fromfile(files["values"], np.float64).astype(dtype).reshape(n, m)
    held[request["name"]] = X
    return {}


def forget(request):
    del held[request["name"]]
    return {}


solvers = {"frobenius": "cd", "kullback-leibler": "mu"}


def descend(X, W, H, iterations, loss):
    return non_negative_factorization(
        X,
        W=W,
        H=H,
        n_components=H.shape[0],
        init="custom",
        solver=solvers[loss],
        beta_loss=loss,
        tol=0,
        max_iter=iterations,
    )


def fit(request):
    X, k, loss = held[request["name"]], request["k"], request["loss"]
    W = np.fromfile(request["H"], np.float64).astype(X.dtype).reshape(X.shape[0], k)
    H = np.fromfile(request["W"], np.float64).astype(X.dtype).reshape(k, X.shape[1])
    descend(X, W.copy(), H.copy(), 1, loss)  # code and data are near, as for every program when its clock starts
    began = time.perf_counter()
    W, H, iterations = descend(X, W, H, request["iterations"], loss)
    seconds = time.perf_counter() - began
    np.ascontiguousarray(W, np.float64).tofile(request["H_out"])
    np.ascontiguousarray(H, np.float64).tofile(request["W_out"])
    return {"seconds": seconds, "iterations": iterations}


for line in sys.stdin:
    request = json.loads(line)
    try:
        reply = {"about": about, "data": data, "forget": forget, "fit": fit}[request["op"]](request)
    except Exception as error:  # told to the bench, which stops
        reply = {"error": repr(error)}
    print(json.dumps(reply), flush=True)
