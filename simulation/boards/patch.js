// What is to be seen as a description, and one walk that makes the page so by what differs: most of a board stays as it
// is from move to move. Names come from users: text, never markup. Not here: what is to be seen (faces.js).
"use strict";

const OWN = ["value", "disabled", "hidden"]; // of these the property counts: an attribute is only how it began

/** Describe an element: its tag, attributes, and children that are descriptions or texts; empty ones are none. */
function h(tag, attributes = {}, ...children) {
  const some = children.flat(3).filter((child) => child !== null && child !== undefined && child !== "");
  return { tag, attributes, children: some };
}

/** Set those attributes of an element that differ from what was set last. */
function dress(element, wanted) {
  const before = element.worn ?? {};
  element.worn = wanted;
  for (const name of Object.keys({ ...before, ...wanted })) {
    const value = wanted[name];
    if (value === before[name]) continue;
    if (OWN.includes(name)) element[name] = value ?? "";
    else if (name === "style") element.style.cssText = value ?? ""; // a page's policy may forbid the attribute
    else if (value === undefined || value === null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
}

/** Return an element made to be as described. */
function filled(element, { attributes, children }) {
  dress(element, attributes);
  patch(element, children);
  return element;
}

/** Make the children of an element what is described; those of the same tag in the same place are kept. */
function patch(parent, wanted) {
  let at = parent.firstChild;
  for (const each of wanted) {
    const text = typeof each !== "object";
    if (at && (text ? at.nodeType === Node.TEXT_NODE : at.localName === each.tag)) {
      if (!text) filled(at, each);
      else if (at.data !== String(each)) at.data = each;
      at = at.nextSibling;
    } else {
      parent.insertBefore(text ? document.createTextNode(each) : filled(document.createElement(each.tag), each), at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}
