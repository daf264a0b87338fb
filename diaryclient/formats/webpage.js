"use strict";
(() => {
  const articles = [...document.querySelectorAll("article")];
  const days = [...document.querySelectorAll(".day")];
  const months = [...document.querySelectorAll("main > section")];
  const cells = new Map(
    [...document.querySelectorAll(".days > a")].map((cell) => [cell.hash.slice(1), cell])
  );
  const search = document.querySelector(".search");
  const words = search.querySelector("input[type=search]");
  const starred = search.querySelector("input[type=checkbox]");
  const found = search.querySelector("output");
  const none = document.querySelector(".none");
  // As `protocol.caseless`: in capitals ß is SS, every sigma one, and so are i with a dot and without.
  const fold = (text) =>
    text
      .replace(/[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc]+/g, (found) =>
        found.normalize("NFKC")
      )
      .normalize("NFC")
      .toLowerCase()
      .toUpperCase()
      .replace(/I\u0307+/g, "I")
      .normalize("NFC");
  const texts = [];
  const tags = articles.map((article) => new Set(fold(article.dataset.tags).split(" ")));
  const known = new Set(tags.flatMap((each) => [...each]));

  const matches = (number, wanted) => {
    if (starred.checked && !articles[number].dataset.star) return false;
    texts[number] ??= fold(articles[number].textContent);
    return wanted.every((word) =>
      known.has(word) ? tags[number].has(word) : texts[number].includes(word)
    );
  };

  const filter = () => {
    const wanted = fold(words.value).split(/\s+/u).filter(Boolean);
    let count = 0;
    articles.forEach((article, number) => {
      article.hidden = !matches(number, wanted);
      count += article.hidden ? 0 : 1;
    });
    for (const day of days) {
      day.hidden = !day.querySelector("article:not([hidden])");
      cells.get(day.id).classList.toggle("off", day.hidden);
    }
    for (const month of months) month.hidden = !month.querySelector(".day:not([hidden])");
    const isWhole = wanted.length === 0 && !starred.checked;
    found.textContent = isWhole ? "" : `${count} of ${articles.length}`;
    none.hidden = count > 0 || articles.length === 0;
  };

  const show = (tag) => {
    words.value = tag;
    filter();
    document.querySelector("main").scrollIntoView();
  };

  // A day that the search hides is shown all the same when somebody asks for it.
  const reveal = (id) => {
    if (!document.getElementById(id)?.hidden) return;
    words.value = "";
    starred.checked = false;
    filter();
    document.getElementById(id).scrollIntoView();
  };

  const follow = (hash) => {
    if (!hash.startsWith("#tag=")) return reveal(hash.slice(1));
    try {
      show(decodeURIComponent(hash.slice(5)));
    } catch (error) {
      if (!(error instanceof URIError)) throw error; // an address that somebody mistyped
    }
  };

  let waiting;
  words.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  starred.addEventListener("change", filter);
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    filter();
  });
  // Not every click changes the address: the same tag may be asked for twice.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link) follow(link.hash);
  });
  window.addEventListener("hashchange", () => follow(location.hash));
  if (matchMedia("(min-width: 60rem)").matches) {
    for (const panel of document.querySelectorAll(".panel")) panel.open = true;
  }
  search.hidden = false;
  follow(location.hash);
})();
