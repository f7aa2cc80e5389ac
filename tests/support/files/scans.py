"""Pages as a scanner sees them: drawn from PDF, then made worse."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pypdfium2
from PIL import Image

from tests.support.files.pdf import PdfPage, lines, pdf

PROSE = (
    "The penalty for late delivery is 5000 euros for each week,",
    "up to a total of 40 percent of the price. It is due within",
    "30 days after the buyer has asked for it in writing. Clause",
    "7 applies to partial deliveries, and the warranty lasts for",
    "24 months from the day on which the machine was accepted.",
    "Spare parts are kept for ten years at the plant in Porto.",
)


def drawn(page: PdfPage, dpi: int = 150) -> Image.Image:
    """A page as a grey picture."""
    document = pypdfium2.PdfDocument(pdf(page))
    image: Image.Image = document[0].render(scale=dpi / 72, grayscale=True).to_pil().copy()
    document.close()
    return image


def prose(dpi: int = 150) -> Image.Image:
    return drawn(PdfPage(lines(72, 700, *PROSE)), dpi)


def noisy(image: Image.Image, amount: float = 25.0) -> Image.Image:
    """With the grain of a bad scanner; the same each time."""
    grain = np.random.default_rng(7).normal(0.0, amount, (image.height, image.width))
    return Image.fromarray(np.clip(np.asarray(image, dtype=np.float64) + grain, 0, 255).astype(np.uint8))


def slanted(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)


def saved(images: Sequence[Image.Image], kind: str, dpi: int = 150) -> bytes:
    """Pictures as a file: PDF and TIFF hold several, one a page."""
    out = BytesIO()
    first, *rest = images
    several = {"save_all": True, "append_images": rest} if rest else {}
    first.save(out, format=kind, resolution=dpi, **several)
    return out.getvalue()


def mixed(texts: Sequence[str], scans: Sequence[Image.Image]) -> bytes:
    """A PDF whose pages of text each have a scanned page behind them."""
    document = pypdfium2.PdfDocument(pdf(*(PdfPage(lines(72, 700, text)) for text in texts)))
    for number, scan in enumerate(scans):
        other = pypdfium2.PdfDocument(saved([scan], "PDF"))
        document.import_pages(other, index=2 * number + 1)
        other.close()
    out = BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()
