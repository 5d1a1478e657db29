import { describe, expect, it } from 'vitest';
import { escapeHtml, escapeJson, escapeMarkdown, visible } from '../../src/report/escape.ts';
import { renderTable, wrap } from '../../src/report/table.ts';

describe('visible text', () => {
  it('shows control characters, bidi marks and broken surrogates as escapes', () => {
    expect(visible('a\x1b[31mb\x9bc\x7f')).toBe('a\\u{001b}[31mb\\u{009b}c\\u{007f}');
    expect(visible('\u202ea\u2066b\u200f\u200b\ufeff')).toBe(
      '\\u{202e}a\\u{2066}b\\u{200f}\\u{200b}\\u{feff}',
    );
    expect(visible('a\nb\r\tc\u2028\ud800')).toBe('a\\nb\\r\\tc\\u{2028}\\u{d800}');
    expect(visible('\u{e0041}')).toBe('\\u{e0041}');
  });

  it('leaves letters, marks and pictures of every script alone', () => {
    const text = 'Grüße, שלום, مرحبا, 日本語, e\u0301, 🎉 100 %';
    expect(visible(text)).toBe(text);
  });
});

describe('text for HTML', () => {
  it('cannot open a tag, leave an attribute or start an entity', () => {
    expect(escapeHtml(`<img src=x onerror="a('b')">&lt;`)).toBe(
      '&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;lt;',
    );
  });
});

describe('text for Markdown', () => {
  it('cannot end a cell, open a tag, a link, a span of code or a mention', () => {
    expect(escapeMarkdown('a|b <i> [x](y) `c` **d** ~~e~~ @all #12')).toBe(
      'a&#124;b &lt;i&gt; \\[x\\](y) \\`c\\` \\*\\*d\\*\\* \\~\\~e\\~\\~ &#64;all \\#12',
    );
    expect(escapeMarkdown('http://x.test www.x.test\n# y')).toBe(
      'http&#58;//x.test www&#46;x.test\\\\n\\# y',
    );
  });

  it('keeps a backslash before a pipe from bringing the pipe back', () => {
    expect(escapeMarkdown('a\\|b')).toBe('a\\\\&#124;b');
  });
});

describe('text for JSON', () => {
  it('keeps the value while showing no raw control or bidi character', () => {
    const value = { text: 'a\u202eb\u009bc\u007fd\u2028\u{e0041}\n' };
    const json = escapeJson(JSON.stringify(value, null, 2));
    expect(JSON.parse(json)).toEqual(value);
    expect(json).not.toMatch(/[\u007f-\u009f\u200e-\u202e]/u);
  });
});

describe('a table', () => {
  it('aligns, wraps at spaces and keeps figures whole', () => {
    const text = renderTable(
      ['engine', 'max', 'why'],
      [
        ['legacy', '1,234 ms', 'it collects its heap every two minutes'],
        ['slab', '2 ms', 'none'],
      ],
      { align: ['left', 'right'], widthMax: 36 },
    );
    expect(text).toBe(
      [
        'engine       max  why',
        '──────  ────────  ──────────────────',
        'legacy  1,234 ms  it collects its',
        '                  heap every two',
        '                  minutes',
        'slab        2 ms  none',
      ].join('\n'),
    );
  });

  it('escapes hostile cells and paints only where colours are wanted', () => {
    const cell = { text: 'fail\x1b[2J', style: 'red' } as const;
    expect(renderTable(['a'], [[cell]])).toBe('a\n───────────────\nfail\\u{001b}[2J');
    expect(renderTable(['a'], [[cell]], { color: true })).toContain(
      '\x1b[31mfail\\u{001b}[2J\x1b[39m',
    );
  });

  it('is its titles and a rule when it has no rows, and fills rows that are short', () => {
    expect(renderTable(['a', 'b'], [])).toBe('a  b\n─  ─');
    expect(renderTable(['a', 'b'], [['x']])).toBe('a  b\n─  ─\nx');
  });

  it('counts wide characters as two columns', () => {
    expect(renderTable(['日本', 'x'], [['a', 'b']])).toBe('日本  x\n────  ─\na     b');
  });
});

describe('wrapping', () => {
  it('breaks inside a word only when it must', () => {
    expect(wrap('ab cd efghij', 5)).toEqual(['ab cd', 'efghi', 'j']);
    expect(wrap('', 5)).toEqual(['']);
  });
});
