"""Tables, figures and the report page, from run results and small CSV files; never imports torch.

layout.py    the cells of each table, method order and labels
runs.py      run results (JSON) -> Run
published.py published numbers (published.csv), each with paper, table, row and column
tables.py    Run -> Table -> CSV and back
markdown.py  Table -> Markdown            latex.py  Table -> LaTeX (by command)
inputs.py    files -> ReportInputs        write.py  write_tables(out_dir, inputs)
figures.py   curves and dots as SVG       html.py   write_report(path, inputs)
examples.py  retrieval examples           health.py and maps.py codebooks over epochs, and as they are
logs.py      stages' logs -> times.py (a page of its own) and costs.py (table 8); never hashed
"""
