"""Raw data from the network: fetched, resumed, checked, unpacked (python -m data_prep.download).

From Python: `download` in source_files.py for all files of a source of downloads.yaml; `fetch` in
fetch.py for one file from its address; `unpack` in unpack.py for one archive.
"""
