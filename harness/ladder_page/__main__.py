"""Write the answers and pictures of docs/ladder.md anew."""

from harness.ladder_page.drawing import drawing
from harness.ladder_page.page import PAGE, PICTURES, blocks, filled

page = filled(PAGE.read_text())
PAGE.write_text(page)
for block in blocks(page):
    if block.picture is not None:
        (PICTURES / f"{block.picture}.svg").write_text(drawing(block.example))
