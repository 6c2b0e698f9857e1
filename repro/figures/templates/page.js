"use strict";
const at = (id) => document.getElementById(id);
const content = JSON.parse(at("content").textContent);
at("banner").textContent = content.banner;
at("banner").hidden = !content.banner;

// Offer a text for download under a name.
function handOut(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
