'use strict';
// What all parts of the page share: the data, elements, numbers in words, the view of time. Text of a guest becomes
// text nodes only.
const smmuvp = {};
(function (V) {
  V.data = JSON.parse(document.getElementById('data').textContent);
  V.report = V.data.report;
  V.end = Math.max(V.report.sim_time_ps, 1000);

  // Control characters in words, as the program writes them; line ends and tabs stay.
  V.show = function (value) {
    return String(value).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, function (c) {
      return '\\x' + c.charCodeAt(0).toString(16).padStart(2, '0');
    });
  };

  function put(element, child) {
    if (child === null || child === undefined) return;
    if (Array.isArray(child)) {
      child.forEach(function (one) { put(element, one); });
    } else {
      element.appendChild(child instanceof Node ? child : document.createTextNode(V.show(child)));
    }
  }
  function make(element, attributes, children) {
    Object.keys(attributes || {}).forEach(function (name) {
      const value = attributes[name];
      if (name.startsWith('on')) {
        element.addEventListener(name.slice(2), value);
      } else if (value !== null && value !== undefined && value !== false) {
        element.setAttribute(name, value === true ? '' : String(value));
      }
    });
    put(element, children);
    return element;
  }
  V.el = function (tag, attributes, ...children) { return make(document.createElement(tag), attributes, children); };
  V.svg = function (tag, attributes, ...children) {
    return make(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
  };
  V.empty = function (element) { while (element.firstChild) element.removeChild(element.firstChild); };

  // 119192193624 -> "119.192194 ms": the largest unit that leaves a whole part, at most six decimals.
  V.time = function (ps) {
    const units = [[1e12, 's'], [1e9, 'ms'], [1e6, 'us'], [1e3, 'ns'], [1, 'ps']];
    const unit = units.find(function (u) { return Math.abs(ps) >= u[0]; }) || units[4];
    return String(Number((ps / unit[0]).toFixed(6))) + ' ' + unit[1];
  };
  V.number = function (n) { return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f'); };
  // 1234567 -> "1.2 M"
  V.short = function (n) {
    const units = [[1e9, ' G'], [1e6, ' M'], [1e3, ' k']];
    const unit = units.find(function (u) { return n >= u[0]; });
    return unit ? String(Number((n / unit[0]).toPrecision(3))) + unit[1] : String(Number(n.toPrecision(3)));
  };
  V.text = function (index) { return V.data.strings[index]; };

  // [[first, value, ...], ...] -> one value a bucket
  V.dense = function (runs, buckets) {
    const values = new Float64Array(buckets);
    runs.forEach(function (run) {
      for (let i = 1; i < run.length; ++i) if (run[0] + i - 1 < buckets) values[run[0] + i - 1] = run[i];
    });
    return values;
  };

  // @param columns  texts, or {text, number: true}. Cells are texts or nodes.
  V.head = function (columns) {
    return V.el('thead', null, V.el('tr', null, columns.map(function (c) {
      return V.el('th', {scope: 'col', 'class': c.number ? 'number' : null}, c.text === undefined ? c : c.text);
    })));
  };
  V.row = function (columns, cells) {
    return V.el('tr', null, cells.map(function (cell, i) {
      return V.el('td', {'class': columns[i].number ? 'number' : null}, cell);
    }));
  };
  V.scroll = function (label, table) {
    // What scrolls can be scrolled from the keyboard.
    return V.el('div', {'class': 'scroll', tabindex: 0, role: 'region', 'aria-label': label}, table);
  };
  V.table = function (caption, columns, rows) {
    return V.scroll(caption, V.el('table', null, V.el('caption', null, caption), V.head(columns),
      V.el('tbody', null, rows.map(function (cells) { return V.row(columns, cells); }))));
  };

  // A table in pages, with a filter. options: id, caption, columns, items, cells(item), words(item) to look in,
  // detail(item) optionally, choices: [{label, of(item)}].
  V.paged = function (place, options) {
    const size = 25;
    let page = 0, chosen = options.items;
    const open = new Set();
    const body = V.el('tbody', null);
    const where = V.el('span', {'aria-live': 'polite'});
    const back = V.el('button', {type: 'button', onclick: function () { turn(-1); }}, 'Previous page');
    const on = V.el('button', {type: 'button', onclick: function () { turn(1); }}, 'Next page');
    const find = V.el('input', {type: 'search', id: options.id + '-find', oninput: function () { choose(); }});
    const selects = (options.choices || []).map(function (choice, i) {
      const values = Array.from(new Set(options.items.map(choice.of))).sort();
      const select = V.el('select', {id: options.id + '-choice-' + i, onchange: function () { choose(); }},
        V.el('option', {value: ''}, 'all'),
        values.map(function (value) { return V.el('option', {value: value}, value); }));
      return {choice: choice, select: select};
    });
    function turn(by) {
      page += by;
      draw();
      if (back.disabled && by < 0) on.focus();
      if (on.disabled && by > 0) back.focus();
    }
    function choose() {
      const text = find.value.toLowerCase();
      chosen = options.items.filter(function (item) {
        return selects.every(function (s) { return s.select.value === '' || s.choice.of(item) === s.select.value; }) &&
          (text === '' || options.words(item).toLowerCase().includes(text));
      });
      page = 0;
      draw();
    }
    function add_row(item, number) {
      const cells = options.cells(item);
      const row = V.row(options.columns, cells);
      body.appendChild(row);
      if (!options.detail) return;
      const id = options.id + '-detail-' + number;
      const button = V.el('button', {type: 'button', 'class': 'row', 'aria-expanded': 'false', 'aria-controls': id,
        onclick: function () { toggle(); }}, 'Details');
      const detail = V.el('tr', {id: id, hidden: true});
      function toggle() {
        const was = open.has(item);
        if (was) open.delete(item); else open.add(item);
        show();
      }
      function show() {
        const is = open.has(item);
        button.setAttribute('aria-expanded', String(is));
        detail.hidden = !is;
        if (is && !detail.firstChild) {
          detail.appendChild(V.el('td', {colspan: cells.length + 1},
            V.el('div', {'class': 'detail'}, options.detail(item))));
        }
      }
      row.insertBefore(V.el('td', null, button), row.firstChild);
      body.appendChild(detail);
      show();
    }
    function draw() {
      const pages = Math.max(1, Math.ceil(chosen.length / size));
      page = Math.min(Math.max(page, 0), pages - 1);
      V.empty(body);
      chosen.slice(page * size, (page + 1) * size).forEach(function (item, i) { add_row(item, page * size + i); });
      where.textContent = V.number(chosen.length) + ' of ' + V.number(options.items.length) + ', page ' + (page + 1) +
        ' of ' + pages;
      back.disabled = page === 0;
      on.disabled = page === pages - 1;
    }
    const columns = options.detail ? [{text: 'Details'}].concat(options.columns) : options.columns;
    put(place, [
      V.el('div', {'class': 'controls'}, V.el('label', {'for': find.id}, 'Find'), find,
        selects.map(function (s) {
          return [V.el('label', {'for': s.select.id}, s.choice.label), s.select];
        }), back, on, where),
      V.scroll(options.caption, V.el('table', null, V.el('caption', null, options.caption), V.head(columns), body)),
    ]);
    draw();
    // Brings an item onto the screen, opens it and puts the focus there.
    return function (item) {
      if (!chosen.includes(item)) {
        find.value = '';
        selects.forEach(function (s) { s.select.value = ''; });
        choose();
      }
      page = Math.floor(chosen.indexOf(item) / size);
      open.add(item);
      draw();
      const at = (chosen.indexOf(item) % size) * (options.detail ? 2 : 1);
      const row = body.children[at];
      const target = row && row.querySelector('button');
      if (target) target.focus();
    };
  };
})(smmuvp);
