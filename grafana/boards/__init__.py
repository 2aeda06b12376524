"""The Grafana boards as data, and the program that writes `grafana/dashboards/*.json` from it.

`python -m grafana.boards` writes them anew. Nothing of the service imports this.
"""
