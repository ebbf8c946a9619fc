"""Tables, figures and the report page, from run results and small CSV files; never imports torch.

layout.py    the cells of each table, method order and labels
published.py published numbers (published.csv), each with paper, table, row and column
frame.py     runs (cmg/results.py) -> data frames: scores, and the same over seeds
tables.py    runs -> Table                tablecsv.py  rows of any table -> CSV, Table -> CSV and back
markdown.py  the same as Markdown         latex.py  Table -> LaTeX (by command)
inputs.py    files -> ReportInputs        write.py  write_tables(out_dir, inputs)
figures.py   dots as SVG, curves.py curves  html.py   write_report(path, inputs, measured)
glossary.py  what everything is, in a line  setting.py what was run on what
examples.py  retrieval examples             health.py and maps.py codebooks over epochs, and as they are
further.py   sweeps and both protocols as page tables
logs.py      stages' logs -> times.py and costs.py (table 8); measured.py the part of the page that differs from run to
run
"""
