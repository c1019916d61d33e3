// Making and keeping elements. Text from calls only ever becomes text nodes.

/** Make an element. `fields` are properties, `data-*`/`aria-*`/`role` attributes and `on…` listeners; `children` are
 * nodes, texts, or nothing. */
export function el(tag, fields = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (/^(data-|aria-|role$|for$)/.test(name)) node.setAttribute(name, value === true ? "" : value);
    else node[name] = value;
  }
  node.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Make an SVG element with these attributes. */
export function drawn(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Give a function that has `draw` called once before the next picture, however often it is called itself: a hundred
 * busy devices cost no more than the screen can show, and a hidden page costs nothing. */
export function soon(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** Make the children of `parent` agree with `items`, in order. A child is kept while its `key` and `look` (everything
 * that its picture depends on) stay the same, so that focus, selection and screen readers are not disturbed. */
export function reconcile(parent, items, key, look, make) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const picture = JSON.stringify(look(item));
    let node = old.get(name);
    old.delete(name);
    if (!node || node.picture !== picture)
      node = renew(node, make(item), name, picture, place, (next) => (place = next));
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  for (const node of old.values()) node.remove();
}

function renew(node, made, name, picture, place, moved) {
  made.dataset.key = name;
  made.picture = picture;
  if (!node) return made;
  const focus = node.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  if (node === place) moved(made);
  node.replaceWith(made);
  if (focus) made.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  return made;
}
