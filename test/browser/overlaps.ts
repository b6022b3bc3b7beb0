/** A script for a page: which texts of its charts lie on each other, or stick out of their chart. */
export const FIND_OVERLAPS = `
setTimeout(() => {
  const found = [];
  for (const svg of document.querySelectorAll('.chart svg')) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')]
      .filter((text) => text.textContent.trim() !== '' && Number(text.getAttribute('opacity') ?? 1) > 0)
      .map((text) => ({ words: text.textContent, box: text.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0);
    texts.forEach(({ words, box }, i) => {
      if (box.left < frame.left - 1 || box.right > frame.right + 1) found.push('outside: ' + words);
      for (const other of texts.slice(i + 1)) {
        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (across > 1 && down > 4) found.push(words + ' / ' + other.words);
      }
    });
  }
  document.body.dataset.overlaps = JSON.stringify(found);
}, 4000);
`;
