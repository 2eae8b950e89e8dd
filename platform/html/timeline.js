// The timeline: accesses a second of each SMMU, and lanes of marks.
(function (V) {
  const t = V.data.timeline;
  if (!t) return;
  const buckets = Math.max(1, Math.ceil(V.end / t.width_ps));
  V.buckets = buckets;
  V.scopes = t.scopes.map(function (s) {
    const scope = {smmu: s.smmu, kind: s.kind, name: s.name};
    t.counters.forEach(function (counter, i) { scope[counter] = V.dense(s.counts[i], buckets); });
    return scope;
  });
  const whole = V.scopes.filter(function (s) { return s.kind === ''; });
  const rates = whole.map(function (s, i) {
    return {cls: i === 0 ? 'c-rate' : 'c-rate-2', values: s.accesses.map(function (n) { return n / (t.width_ps / 1e12); })};
  });
  const commands = t.commands.map(function (c) { return {smmu: c.smmu, name: c.name, values: V.dense(c.counts, buckets)}; });
  const all_commands = new Float64Array(buckets);
  commands.forEach(function (c) { c.values.forEach(function (n, i) { all_commands[i] += n; }); });

  // Marks are {t, label, open()}; lanes are filled by those who own the items.
  V.lanes = [
    {name: 'Events, faults', cls: 'f-fault', marks: []},
    {name: 'Checker', cls: 'f-finding', marks: []},
    {name: 'Diagnostics', cls: 'f-other', marks: []},
  ];
  let chart = null, status = null, at_mark = null;
  const lane_height = 16, rate_height = 110;

  function draw_marks(frame, lane, y) {
    let i = 0;
    while (i < lane.marks.length) {
      const first = lane.marks[i];
      if (first.t < V.view.from || first.t > V.view.to) { ++i; continue; }
      const x = frame.x(first.t);
      let n = 0;
      while (i + n < lane.marks.length && lane.marks[i + n].t <= V.view.to && frame.x(lane.marks[i + n].t) < x + 4) ++n;
      const group = lane.marks.slice(i, i + n);
      i += n;
      const text = n === 1 ? V.time(first.t) + ': ' + first.label
        : n + ' from ' + V.time(first.t) + ' on; the first: ' + first.label;
      frame.svg.appendChild(V.svg('rect', {'class': 'mark ' + lane.cls, x: (x - 1.5).toFixed(1), y: y + 2, width: 4,
        height: lane_height - 4, onclick: function () { pick(group); }}, V.svg('title', null, text)));
    }
  }
  function pick(group) {
    const first = group[0], last = group[group.length - 1];
    if (group.length > 1 && last.t > first.t && V.view.to - V.view.from > 4000) {
      const room = Math.max((last.t - first.t) * 0.2, 1000);
      V.set_view(first.t - room, last.t + room);
      return;
    }
    go_to(first);
    if (first.open) first.open();
  }
  function draw(frame) {
    frame.bottom = frame.y0 + rate_height;
    V.draw_lines(frame, rates, t.width_ps, V.short);
    let y = frame.bottom + 6;
    V.lanes.forEach(function (lane) {
      draw_marks(frame, lane, y);
      y += lane_height;
    });
    let most = 0;
    all_commands.forEach(function (n) { most = Math.max(most, n); });
    for (let i = 0; i < buckets; ++i) {
      const from = i * t.width_ps;
      if (all_commands[i] === 0 || from + t.width_ps < V.view.from || from > V.view.to) continue;
      const x0 = Math.max(frame.x(from), frame.x0), x1 = Math.min(frame.x(from + t.width_ps), frame.x1);
      const h = Math.max(2, Math.log1p(all_commands[i]) / Math.log1p(most) * (lane_height - 3));
      frame.svg.appendChild(V.svg('rect', {'class': 'f-command', x: x0.toFixed(1), y: y + lane_height - h, height: h.toFixed(1),
        width: Math.max(1, x1 - x0).toFixed(1)}, V.svg('title', null, commands_at(i))));
    }
  }
  function commands_at(bucket) {
    const list = commands.filter(function (c) { return c.values[bucket] > 0; })
      .map(function (c) { return c.values[bucket] + ' ' + c.name + (whole.length > 1 ? ' (' + c.smmu + ')' : ''); });
    return list.length === 0 ? 'no commands' : list.join(', ');
  }

  V.tell_cursor = function () {
    const at = V.view.cursor;
    if (at === null) return;
    const bucket = Math.min(Math.floor(at / t.width_ps), buckets - 1);
    const near = at_mark && at_mark.t === at ? at_mark.label + '. ' : '';
    const rate = whole.map(function (s) { return s.smmu + ' ' + V.number(s.accesses[bucket]) + ' accesses'; }).join(', ');
    status.textContent = V.show(V.time(at) + ': ' + near + 'In the ' + V.time(t.width_ps) + ' around it: ' + rate + '; ' + commands_at(bucket) + '.');
  };
  function go_to(mark) {
    at_mark = mark;
    V.view.cursor = mark.t;
    const width = V.view.to - V.view.from;
    if (mark.t < V.view.from || mark.t > V.view.to) V.set_view(mark.t - width / 2, mark.t + width / 2);
    else V.draw_charts();
    V.tell_cursor();
  }
  function all_marks() {
    return [].concat.apply([], V.lanes.map(function (l) { return l.marks; })).sort(function (a, b) { return a.t - b.t; });
  }
  function step(by) {
    const marks = all_marks();
    if (marks.length === 0) return;
    const here = at_mark ? marks.indexOf(at_mark) : -1;
    let next = here + by;
    if (here < 0) next = by > 0 ? marks.findIndex(function (m) { return m.t >= V.view.from; }) : marks.length - 1;
    go_to(marks[Math.min(Math.max(next, 0), marks.length - 1)]);
  }
  // From an item of a table to its place: a hundredth of the run around it.
  V.show_on_timeline = function (mark) {
    const room = Math.min(V.end / 200, Math.max(t.width_ps * 2, 1e6));
    V.view.cursor = mark.t;
    V.set_view(mark.t - room, mark.t + room);
    go_to(mark);
    document.getElementById('timeline').scrollIntoView();
    chart.box.focus({preventScroll: true});
  };
  V.timeline_link = function (mark) {
    return V.el('button', {type: 'button', 'class': 'row', onclick: function () { V.show_on_timeline(mark); }},
      V.el('span', {'class': 'visually-hidden'}, 'Show on the timeline: '), V.time(mark.t));
  };
  V.sort_lanes = function () {
    V.lanes.forEach(function (l) { l.marks.sort(function (a, b) { return a.t - b.t; }); });
  };

  V.draw_timeline = function () {
    const place = document.getElementById('timeline-body');
    const button = function (text, action) { return V.el('button', {type: 'button', onclick: action}, text); };
    place.appendChild(V.el('p', {'class': 'muted', id: 'chart-help'},
      'Drag, or Ctrl or Shift and the wheel: zoom. Keys on a chart: + and - zoom, left and right move, 0 the whole run, n and p next and previous mark, Enter its row.'));
    place.appendChild(V.el('div', {'class': 'controls'},
      button('Zoom in', function () { V.zoom(0.5, V.view.cursor); }), button('Zoom out', function () { V.zoom(2, V.view.cursor); }),
      button('Earlier', function () { V.pan(-0.5); }), button('Later', function () { V.pan(0.5); }),
      button('Whole run', function () { V.set_view(0, V.end); }),
      button('Previous mark', function () { step(-1); }), button('Next mark', function () { step(1); })));
    const swatch = function (cls) {
      return V.svg('svg', {'class': 'key', viewBox: '0 0 16 7', 'aria-hidden': 'true'}, cls.startsWith('f-')
        ? V.svg('rect', {'class': cls, x: 4, y: 0, width: 6, height: 7}) : V.svg('path', {'class': 'line ' + cls, d: 'M0 4H16'}));
    };
    place.appendChild(V.el('p', {'class': 'muted'}, 'From above: ',
      whole.map(function (s, i) { return [swatch(rates[i].cls), ' accesses a second of ' + s.smmu + ', ']; }),
      V.lanes.map(function (l) { return [swatch(l.cls), ' ' + l.name.toLowerCase() + ' (' + V.number(l.marks.length) + '), ']; }),
      swatch('f-command'), ' commands (height: logarithm of their number). Counts are in steps of ' + V.time(t.width_ps) + '.'));
    chart = V.chart(place, {label: 'Timeline: accesses a second, events and faults, checker, diagnostics, commands',
      height: 8 + rate_height + 6 + 4 * lane_height + 26, draw: draw,
      keys: {n: function () { step(1); }, p: function () { step(-1); },
        Enter: function () { if (at_mark && at_mark.open) at_mark.open(); }}});
    status = V.el('p', {'class': 'status', role: 'status'});
    place.appendChild(status);
    status.textContent = 'The whole run: ' + V.time(V.end) + '.';
  };
})(smmuvp);
