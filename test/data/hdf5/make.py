"""Makes the HDF5 files of test/files/hdf5.test.ts, packed by gzip: python make.py (anndata, h5py, scipy, pandas)."""

import gzip
import os
import tempfile

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

n, m = 6, 4
# Row i, column j is 10 i + j where (i + j) % 3 is not 0, else 0.
dense = np.array([[10.0 * i + j if (i + j) % 3 else 0 for j in range(m)] for i in range(n)])
cells = [f"cell {i}" for i in range(n)]
genes = ["gène A", "B", "C", "D"]
folder = tempfile.mkdtemp()


def keep(name, write):
    path = os.path.join(folder, name)
    write(path)
    with open(path, "rb") as made, open(name + ".gz", "wb") as packed:
        packed.write(gzip.compress(made.read(), 9, mtime=0))


obs = pd.DataFrame(
    {
        "depth": np.arange(n) / 4,
        "count": np.arange(n, dtype="i8") - 1,
        "good": np.arange(n) % 2 == 0,
        "words": [f"w{i}é" for i in range(n)],
        "kind": pd.Categorical(["b", "a", None, "b", "a", "b"]),
        "batch": pd.Categorical(np.array([3, 7, 3, 3, 7, 7])),
        "maybe": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
        "sure": pd.array([True, None, False, True, True, False], dtype="boolean"),
    },
    index=cells,
)
var = pd.DataFrame({"symbol": list("wxyz")}, index=genes)
whole = ad.AnnData(sp.csr_matrix(dense.astype("f4")), obs=obs, var=var)
whole.raw = whole
part = whole[:, :3].copy()
part.layers["counts"] = sp.csc_matrix(dense[:, :3].astype("i8"))
part.layers["dense"] = dense[:, :3] / 8
part.obsm["X_pca"] = dense[:, :2].astype("f4")
keep("layers.h5ad", part.write_h5ad)

keep("dense.h5ad", lambda path: ad.AnnData(dense.astype("i4"), obs[[]], var[[]]).write_h5ad(path, compression="gzip"))
keep("csc.h5ad", lambda path: ad.AnnData(sp.csc_matrix(dense), obs[[]], var[[]]).write_h5ad(path))


def before_08(path):
    """As AnnData 0.7 wrote it: categories beside the table, found by their names."""
    with h5py.File(path, "w") as file:
        x = sp.csr_matrix(dense.astype("f4"))
        group = file.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": x.shape})
        for name in ["data", "indices", "indptr"]:
            group[name] = getattr(x, name)
        for name, index in [("obs", cells), ("var", genes)]:
            table = file.create_group(name)
            table.attrs.update({"_index": "index", "encoding-type": "dataframe", "encoding-version": "0.1.0"})
            table["index"] = np.array(index, dtype=object)
        file["obs/kind"] = np.array([1, 0, -1, 1, 0, 1], dtype="i1")
        file["obs/__categories/kind"] = np.array(["a", "b"], dtype=object)
        file["obs/kind"].attrs["categories"] = file["obs/__categories/kind"].ref
        file["obs"].attrs["column-order"] = np.array(["kind"], dtype=object)


def before_07(path):
    """As AnnData 0.6 wrote it: tables are records, and a sparse matrix says its format by h5sparse."""
    with h5py.File(path, "w") as file:
        x = sp.csr_matrix(dense.astype("f4"))
        group = file.create_group("X")
        group.attrs.update({"h5sparse_format": "csr", "h5sparse_shape": x.shape})
        for name in ["data", "indices", "indptr"]:
            group[name] = getattr(x, name)
        text = h5py.string_dtype()
        records = list(zip(cells, [1, 0, -1, 1, 0, 1], np.arange(n) / 4))
        file["obs"] = np.array(records, dtype=[("index", text), ("kind", "i1"), ("depth", "f8")])
        file["var"] = np.array([(gene.encode(),) for gene in genes], dtype=[("index", "S10")])
        file["uns/kind_categories"] = np.array(["a", "b"], dtype=object)


keep("before-0.8.h5ad", before_08)
keep("before-0.7.h5ad", before_07)

fixed = lambda texts: np.array(texts, dtype="S")


def ranger(group):
    x = sp.csc_matrix(dense.T.astype("i4"))
    group.create_dataset("data", data=x.data, chunks=(8,), compression="gzip")
    group.create_dataset("indices", data=x.indices.astype("i8"), chunks=(8,), compression="gzip", shuffle=True)
    group["indptr"] = x.indptr.astype("i8")
    group["shape"] = np.array(x.shape, dtype="i4")
    group["barcodes"] = fixed([f"AAC{i}-1" for i in range(n)])


def ranger3(path):
    """As Cell Ranger 3 and later write it."""
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        ranger(group)
        group["features/id"] = fixed(["ENSG1", "ENSG2", "ENSG3", "CD3"])
        group["features/name"] = fixed(["TBCE", "TBCE", "C", "CD3_TotalC"])
        group["features/feature_type"] = fixed(["Gene Expression"] * 3 + ["Antibody Capture"])
        group["features/genome"] = fixed(["GRCh38"] * 3 + [""])
        group["features/_all_tag_keys"] = fixed(["genome"])


def ranger2(path):
    """As Cell Ranger 2 wrote it, of two genomes."""
    with h5py.File(path, "w") as file:
        for genome in ["hg19", "mm10"]:
            group = file.create_group(genome)
            ranger(group)
            group["genes"] = fixed([f"{genome}_{i}" for i in range(m)])
            group["gene_names"] = fixed(["TBCE", "TBCE", "C", "D"])


keep("ranger3.h5", ranger3)
keep("ranger2.h5", ranger2)


def arrays(path):
    with h5py.File(path, "w") as file:
        file["a/big"] = dense.astype(">f8")
        file["a/half"] = dense.astype("f2")
        file["list"] = np.arange(3)


keep("arrays.h5", arrays)
