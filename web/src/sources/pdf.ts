import {
  getDocument,
  GlobalWorkerOptions,
  TextLayer,
  VerbosityLevel,
  type PDFDocumentLoadingTask,
  type PDFDocumentProxy,
  type PDFPageProxy,
} from 'pdfjs-dist';
import worker from 'pdfjs-dist/build/pdf.worker.min.mjs?url';
import { findPassage } from '../text/match';

GlobalWorkerOptions.workerSrc = worker;

/** A rectangle in shares of a page's width and height. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Begin to load a PDF. Only what is looked at is fetched, where the service answers for ranges of bytes. */
export function openPdf(address: string, headers: Record<string, string>): PDFDocumentLoadingTask {
  const resources = new URL('pdfjs/', new URL(worker, location.href)).href;
  return getDocument({
    url: address,
    httpHeaders: headers,
    disableAutoFetch: true,
    disableStream: true,
    rangeChunkSize: 128 * 1024,
    cMapUrl: `${resources}cmaps/`,
    standardFontDataUrl: `${resources}standard_fonts/`,
    isEvalSupported: false,
    enableXfa: false,
    useWasm: false,
    verbosity: VerbosityLevel.ERRORS,
  });
}

/** Draw a page as wide as `width` pixels, with its text above it, which can be selected. */
export async function drawPage(
  page: PDFPageProxy,
  width: number,
  canvas: HTMLCanvasElement,
  layer: HTMLElement,
): Promise<void> {
  const scale = width / page.getViewport({ scale: 1 }).width;
  const viewport = page.getViewport({ scale });
  const density = Math.min(window.devicePixelRatio || 1, 2.5);
  canvas.width = Math.floor(viewport.width * density);
  canvas.height = Math.floor(viewport.height * density);
  layer.replaceChildren();
  layer.style.setProperty('--total-scale-factor', String(scale));
  const text = new TextLayer({ textContentSource: page.streamTextContent(), container: layer, viewport });
  await Promise.all([
    page.render({ canvas, viewport, transform: [density, 0, 0, density, 0, 0] }).promise,
    text.render(),
  ]);
}

/** The lines of a page's text layer that hold a passage, as boxes. */
export function boxesOf(layer: HTMLElement, passage: string): Box[] {
  const nodes: { node: Text; start: number }[] = [];
  let text = '';
  const walker = document.createTreeWalker(layer, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode as Text;
    nodes.push({ node, start: text.length });
    text += `${node.data} `;
  }
  const frame = layer.getBoundingClientRect();
  const boxes: Box[] = [];
  for (const span of findPassage(text, passage)) {
    for (const { node, start } of nodes) {
      const from = Math.max(0, span.start - start);
      const to = Math.min(node.data.length, span.end - start);
      if (from >= to) continue;
      const range = document.createRange();
      range.setStart(node, from);
      range.setEnd(node, to);
      for (const rect of range.getClientRects()) {
        boxes.push({
          left: (rect.left - frame.left) / frame.width,
          top: (rect.top - frame.top) / frame.height,
          width: rect.width / frame.width,
          height: rect.height / frame.height,
        });
      }
    }
  }
  return merged(boxes.filter((box) => box.width > 0 && box.height > 0));
}

/** Boxes of one line as one. */
function merged(boxes: Box[]): Box[] {
  const lines: Box[] = [];
  for (const box of boxes) {
    const last = lines.at(-1);
    const sameLine = last && Math.abs(last.top + last.height / 2 - box.top - box.height / 2) < box.height * 0.4;
    if (last && sameLine && box.left - (last.left + last.width) < box.height * 2 && box.left >= last.left) {
      last.width = Math.max(last.left + last.width, box.left + box.width) - last.left;
      last.height = Math.max(last.height, box.height);
    } else lines.push({ ...box });
  }
  return lines;
}

export type { PDFDocumentProxy };
