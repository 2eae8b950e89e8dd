// The other sections, and the start of all.
(function (V) {
  const report = V.report;
  const by_id = function (id) { return document.getElementById(id); };

  function draw_findings() {
    const list = (report.check || {}).findings || [];
    if (list.length === 0) return;
    by_id('findings-static').remove();
    const items = list.map(function (f) { return {f: f}; });
    const who = function (what, w) {
      return w ? V.el('p', null, what + ' by ' + w.name + (w.symbol ? ' in ' + w.symbol : w.pc ? ', pc ' + w.pc : '') +
        (w.callers ? ', called by ' + w.callers.join(', ') : '') + ', at ' + V.time(w.time_ps) + '.') : null;
    };
    const hex = function (n) { return n === undefined ? '' : '0x' + Number(n).toString(16); };
    let go = null;
    items.forEach(function (i) {
      i.mark = {t: i.f.time_ps, label: i.f.severity + ' ' + i.f.rule + ': ' + i.f.title, open: function () { go(i); }};
      if (V.lanes) V.lanes[1].marks.push(i.mark);
    });
    go = V.paged(by_id('findings-body'), {
      id: 'findings', caption: 'Findings of the checker of drivers; rules: docs/rules.md', items: items,
      columns: ['Time', 'Severity', 'Rule', 'SMMU', 'StreamID', 'IOVA', 'What'],
      cells: function (i) {
        return [V.lanes ? V.timeline_link(i.mark) : V.time(i.f.time_ps), i.f.severity, i.f.rule, i.f.smmu, hex(i.f.stream_id), i.f.iova || '', i.f.title];
      },
      words: function (i) { return [i.f.severity, i.f.rule, i.f.smmu, hex(i.f.stream_id), i.f.iova, i.f.title, i.f.text].join(' '); },
      detail: function (i) {
        return [V.el('p', null, i.f.text), V.el('p', null, i.f.clause + (i.f.substream_id === undefined ? '' : ', SubstreamID ' + hex(i.f.substream_id)) +
          (i.f.address ? ', at ' + i.f.address : '')), who('Asked for', i.f.issuer), who('Taken away', i.f.remover),
          who('Last stored to', i.f.writer)];
      },
      choices: [{label: 'Severity', of: function (i) { return i.f.severity; }}, {label: 'Rule', of: function (i) { return i.f.rule; }}],
    });
  }

  function draw_tests() {
    const cases = report.tests.cases;
    if (cases.length === 0) return;
    V.paged(by_id('tests-body'), {
      id: 'tests', caption: 'Results of the guest (KTAP)', items: cases, columns: ['Result', 'Suite', 'Test', 'Reason'],
      cells: function (c) { return [V.el('span', {'class': 'result-' + c.result}, c.result), c.suite, c.name, c.reason]; },
      words: function (c) { return [c.suite, c.name, c.reason].join(' '); },
      choices: [{label: 'Result', of: function (c) { return c.result; }}],
    });
  }

  function draw_memory() {
    const map = (V.data.memory_map || []).slice().sort(function (a, b) { return Number(BigInt(a.base) - BigInt(b.base) > 0n) * 2 - 1; });
    if (map.length === 0) return;
    const size = function (hex) {
      const n = Number(BigInt(hex));
      const unit = [[2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB']].find(function (u) { return n >= u[0] && n % u[0] === 0; });
      return unit ? n / unit[0] + ' ' + unit[1] : n + ' bytes';
    };
    by_id('memory-body').appendChild(V.table('Address map of the processors',
      [{text: 'First', number: true}, {text: 'Last', number: true}, {text: 'Size', number: true}, 'What', 'Component', 'Type', 'Window', 'Its own accesses'],
      map.map(function (w) {
        const last = BigInt(w.base) + BigInt(w.size) - 1n;
        return [w.base, '0x' + (last < 0n ? 0n : last).toString(16), size(w.size), w.kind, w.name, w.type, w.port, w.behind ? 'through ' + w.behind : ''];
      })));
  }

  function draw_statistics() {
    const place = by_id('statistics-body');
    Object.keys(report.statistics).forEach(function (component) {
      const counters = report.statistics[component], meanings = V.data.meanings[component] || {};
      if (Object.keys(counters).length === 0) return;
      const body = V.el('div', null, V.table(component, [{text: 'Counter'}, {text: 'Value', number: true}, 'Unit', 'Meaning'],
        Object.keys(counters).map(function (name) {
          const m = meanings[name] || ['', ''];
          return [name, V.number(counters[name]), m[0] === '1' ? '' : m[0], m[1]];
        })));
      const parts = report.statistics_by_part[component] || {};
      Object.keys(parts).forEach(function (kind) {
        const names = Object.keys(parts[kind]);
        const columns = Object.keys(parts[kind][names[0]]);
        body.appendChild(V.table(component + ' by ' + (kind === 'tbu' ? 'TBU' : kind),
          [kind === 'tbu' ? 'TBU' : kind].concat(columns.map(function (c) { return {text: c, number: true}; })),
          names.map(function (name) { return [name].concat(columns.map(function (c) { return V.number(parts[kind][name][c]); })); })));
      });
      place.appendChild(V.el('details', {open: 'translations' in counters}, V.el('summary', null, component), body));
    });
  }

  function draw_console() {
    const c = V.data.console;
    if (!c) return;
    const pre = function (label, text) { return V.el('pre', {tabindex: 0, role: 'region', 'aria-label': label}, text); };
    const place = by_id('console-body');
    if (c.head === '') {
      place.appendChild(V.el('p', null, 'The guest has printed nothing.'));
      return;
    }
    if (c.left_out === 0) {
      place.appendChild(pre('Console of the guest', c.head + c.tail));
      return;
    }
    place.appendChild(pre('Console of the guest, its beginning', c.head));
    place.appendChild(V.el('p', null, V.number(c.left_out) + ' bytes are left out here.'));
    place.appendChild(pre('Console of the guest, its end', c.tail));
  }

  function draw_theme() {
    const button = by_id('theme');
    const names = {'': 'as the system', light: 'light', dark: 'dark'};
    const order = ['', 'light', 'dark'];
    button.hidden = false;
    button.addEventListener('click', function () {
      const now = document.documentElement.getAttribute('data-theme') || '';
      const next = order[(order.indexOf(now) + 1) % order.length];
      if (next === '') document.documentElement.removeAttribute('data-theme');
      else document.documentElement.setAttribute('data-theme', next);
      button.textContent = 'Colours: ' + names[next];
    });
  }

  document.documentElement.classList.add('js');
  draw_theme();
  // Marks first: the tables link to them.
  V.draw_faults();
  draw_findings();
  if (V.lanes) {
    report.diagnostics.forEach(function (d) {
      V.lanes[2].marks.push({t: d.time_ps, label: d.kind + ' of ' + d.source + ': ' + d.text});
    });
    V.sort_lanes();
    V.draw_timeline();
  }
  V.draw_plots();
  draw_tests();
  V.draw_tree();
  draw_memory();
  draw_statistics();
  draw_console();
  window.addEventListener('beforeprint', function () {
    document.querySelectorAll('#streams-body > div > details, #statistics-body > details').forEach(function (d) { d.open = true; });
  });
})(smmuvp);
