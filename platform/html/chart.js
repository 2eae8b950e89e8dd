// Charts over simulated time. All of them show the same part of the run: zooming one zooms all.
(function (V) {
  const margin = {left: 62, right: 10, top: 8, bottom: 20};
  const least_ps = 1000;
  const charts = [];
  V.view = {from: 0, to: V.end, cursor: null};

  V.set_view = function (from, to) {
    const width = Math.min(Math.max(to - from, least_ps), V.end);
    const start = Math.min(Math.max(from, 0), V.end - width);
    V.view.from = start;
    V.view.to = start + width;
    V.draw_charts();
  };
  V.zoom = function (factor, at) {
    const middle = at === undefined || at === null ? (V.view.from + V.view.to) / 2 : at;
    V.set_view(middle - (middle - V.view.from) * factor, middle + (V.view.to - middle) * factor);
  };
  V.pan = function (part) {
    const by = (V.view.to - V.view.from) * part;
    V.set_view(V.view.from + by, V.view.to + by);
  };
  V.draw_charts = function () { charts.forEach(function (chart) { chart.draw(); }); };

  function steps(from, to, most) {
    const rough = (to - from) / most;
    if (!(rough > 0)) return [];
    const ten = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = [1, 2, 5, 10].map(function (k) { return k * ten; }).find(function (s) { return s >= rough; });
    const list = [];
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) list.push(at);
    return list;
  }

  function keys(chart, event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const does = {
      '+': function () { V.zoom(0.5, V.view.cursor); }, '=': function () { V.zoom(0.5, V.view.cursor); },
      '-': function () { V.zoom(2, V.view.cursor); },
      'ArrowLeft': function () { V.pan(-0.1); }, 'ArrowRight': function () { V.pan(0.1); },
      'Home': function () { V.pan(-V.end); }, 'End': function () { V.pan(V.end); },
      '0': function () { V.set_view(0, V.end); },
    };
    const own = chart.options.keys && chart.options.keys[event.key];
    const action = own || does[event.key];
    if (!action) return;
    action();
    event.preventDefault();
  }

  // options: label, height, draw(frame), keys: {key: action}, hint. frame: svg, x(time), y0, y1, x0, x1.
  V.chart = function (place, options) {
    const box = V.el('div', {'class': 'chart', tabindex: 0, role: 'group', 'aria-label': options.label,
      'aria-describedby': 'chart-help'});
    place.appendChild(box);
    const chart = {options: options, box: box};
    const width = function () { return Math.max(box.clientWidth - 2, 240); };
    const time_at = function (pixel) {
      const part = (pixel - margin.left) / (width() - margin.left - margin.right);
      return V.view.from + part * (V.view.to - V.view.from);
    };

    chart.draw = function () {
      const w = width();
      const x0 = margin.left, x1 = w - margin.right, y0 = margin.top, y1 = options.height - margin.bottom;
      const x = function (time) { return x0 + (time - V.view.from) / (V.view.to - V.view.from) * (x1 - x0); };
      const svg = V.svg('svg', {width: w, height: options.height, viewBox: '0 0 ' + w + ' ' + options.height,
        'aria-hidden': 'true'});
      steps(V.view.from, V.view.to, Math.max(2, Math.floor(w / 110))).forEach(function (at) {
        svg.appendChild(V.svg('line', {'class': 'grid', x1: x(at), x2: x(at), y1: y0, y2: y1}));
        svg.appendChild(V.svg('text', {x: x(at), y: y1 + 14, 'text-anchor': x(at) > x1 - 40 ? 'end' : x(at) < x0 + 20 ? 'start' : 'middle'}, V.time(at)));
      });
      svg.appendChild(V.svg('path', {'class': 'axis', d: 'M' + x0 + ' ' + y0 + 'V' + y1 + 'H' + x1}));
      options.draw({svg: svg, x: x, x0: x0, x1: x1, y0: y0, y1: y1});
      if (V.view.cursor !== null && V.view.cursor >= V.view.from && V.view.cursor <= V.view.to) {
        const at = x(V.view.cursor);
        svg.appendChild(V.svg('line', {'class': 'cursor', x1: at, x2: at, y1: y0, y2: y1}));
      }
      if (chart.svg) box.replaceChild(svg, chart.svg); else box.appendChild(svg);
      chart.svg = svg;
    };

    box.addEventListener('keydown', function (event) { keys(chart, event); });
    box.addEventListener('wheel', function (event) {
      if (!event.ctrlKey && !event.shiftKey) return;  // the page scrolls
      event.preventDefault();
      const by = event.deltaY || event.deltaX;
      V.zoom(by < 0 ? 0.8 : 1.25, time_at(event.clientX - box.getBoundingClientRect().left));
    }, {passive: false});
    box.addEventListener('dblclick', function () { V.set_view(0, V.end); });
    box.addEventListener('pointerdown', function (event) {
      if (event.button !== 0 || (event.target.classList && event.target.classList.contains('mark'))) return;
      const left = box.getBoundingClientRect().left;
      const start = event.clientX - left;
      const area = V.svg('rect', {'class': 'drag', x: start, y: margin.top, width: 0,
        height: options.height - margin.top - margin.bottom});
      chart.svg.appendChild(area);
      box.setPointerCapture(event.pointerId);
      function move(e) {
        const at = e.clientX - left;
        area.setAttribute('x', Math.min(start, at));
        area.setAttribute('width', Math.abs(at - start));
      }
      function up(e) {
        box.removeEventListener('pointermove', move);
        box.removeEventListener('pointerup', up);
        box.removeEventListener('pointercancel', up);
        const at = e.clientX - left;
        area.remove();
        if (e.type === 'pointercancel') return;
        if (Math.abs(at - start) > 4) {
          V.set_view(time_at(Math.min(start, at)), time_at(Math.max(start, at)));
        } else {
          V.view.cursor = Math.min(Math.max(time_at(at), 0), V.end);
          V.draw_charts();
          if (V.tell_cursor) V.tell_cursor();
        }
      }
      box.addEventListener('pointermove', move);
      box.addEventListener('pointerup', up);
      box.addEventListener('pointercancel', up);
    });
    charts.push(chart);
    if (window.ResizeObserver) new ResizeObserver(function () { chart.draw(); }).observe(place);
    chart.draw();
    return chart;
  };

  // Steps through buckets of the view. lines: [{values (may be NaN), cls}]; format of the axis.
  V.draw_lines = function (frame, lines, width_ps, format, top) {
    let most = top || 0;
    const first = Math.max(0, Math.floor(V.view.from / width_ps));
    const last = Math.ceil(V.view.to / width_ps);
    if (!top) {
      lines.forEach(function (line) {
        for (let i = first; i < last && i < line.values.length; ++i) if (line.values[i] > most) most = line.values[i];
      });
    }
    const bottom = frame.bottom === undefined ? frame.y1 : frame.bottom;
    const y = function (v) { return bottom - (most > 0 ? v / most : 0) * (bottom - frame.y0); };
    [0, most / 2, most].forEach(function (v, i) {
      if (most === 0 && i > 0) return;
      frame.svg.appendChild(V.svg('text', {x: frame.x0 - 5, y: Math.min(y(v) + 4, bottom), 'text-anchor': 'end'}, format(v)));
      frame.svg.appendChild(V.svg('line', {'class': 'grid', x1: frame.x0, x2: frame.x1, y1: y(v), y2: y(v)}));
    });
    const clamp = function (at) { return Math.min(Math.max(at, frame.x0), frame.x1); };
    lines.forEach(function (line) {
      let d = '', pen = false;
      for (let i = first; i < last && i < line.values.length; ++i) {
        const v = line.values[i];
        if (Number.isNaN(v)) { pen = false; continue; }
        const from = clamp(frame.x(i * width_ps)).toFixed(1), to = clamp(frame.x((i + 1) * width_ps)).toFixed(1);
        d += (pen ? 'L' : 'M') + from + ' ' + y(v).toFixed(1) + 'H' + to;
        pen = true;
      }
      if (d) frame.svg.appendChild(V.svg('path', {'class': 'line ' + line.cls, d: d}));
    });
  };
})(smmuvp);
