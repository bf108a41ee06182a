"""The style sheet and the script of the HTML report, which needs no network."""

from __future__ import annotations

__all__ = ["SCRIPT", "STYLE"]

STYLE = """
:root{color-scheme:light dark;
--paper:light-dark(#fcfcfa,#16181b);--card:light-dark(#fff,#1e2125);--ink:light-dark(#1c1e21,#e8e6e1);
--soft:light-dark(#62666d,#9da2a9);--line:light-dark(#e3e2dd,#33373d);--accent:light-dark(#1f5fa8,#7db4f0);
--same:light-dark(#2e8b57,#3fa56e);--within:light-dark(#9ccfae,#2b6b49);--bad:light-dark(#c8372d,#e8594c);
--odd:light-dark(#c77d0a,#e0a03c);--lacks:light-dark(#d9d8d3,#3a3f46);--known:light-dark(#8d7cc0,#8f7fc7);
--code:light-dark(#f4f3ef,#111316);--n0:light-dark(#1f5fa8,#7db4f0);--n1:light-dark(#d1642a,#f0935c);
--n2:light-dark(#2e8b57,#5bc48b);--n3:light-dark(#8d4fb0,#c78be8);--n4:light-dark(#8a6d1f,#d9b650)}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:20px 16px 64px}
h1{font-size:24px;line-height:1.25;margin:8px 0 2px;letter-spacing:-.01em}
h2{font-size:18px;margin:36px 0 10px;letter-spacing:-.005em}
p{margin:6px 0}.soft{color:var(--soft)}.num{font-variant-numeric:tabular-nums}
.verdict{font-weight:600}.verdict.bad{color:var(--bad)}.verdict.good{color:var(--same)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(250px,1fr));gap:12px;margin-top:16px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.card h3{margin:0;font-size:16px;overflow-wrap:anywhere}.card .soft{font-size:13px}
.score{display:flex;align-items:baseline;gap:8px;margin-top:8px;font-size:13px}
.score b{font-size:22px;white-space:nowrap;flex:none;font-weight:650;font-variant-numeric:tabular-nums}
.strip{display:flex;height:8px;border-radius:4px;overflow:hidden;margin:4px 0 2px;background:var(--lacks)}
.strip i{display:block}
.same{background:var(--same)}.within{background:var(--within)}.wrong{background:var(--bad)}
.crashed,.timed{background:var(--ink)}
.xpass,.flaky{background:var(--odd)}.unsupported,.blocked{background:var(--lacks)}.xfail{background:var(--known)}
.identical{background:var(--same)}
details.fail{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--bad);border-radius:8px;
margin:10px 0}
details.fail>summary{padding:10px 14px;cursor:pointer;list-style:none;display:flex;gap:10px;align-items:baseline}
details.fail>summary::-webkit-details-marker{display:none}
details.fail>summary .count{flex:none;background:var(--bad);color:var(--card);border-radius:99px;padding:0 9px;
font-size:13px;font-weight:600;font-variant-numeric:tabular-nums}
details.fail>summary .head{flex:1;min-width:0;overflow-wrap:anywhere}
details.fail>summary:after{content:"\\25be";color:var(--soft);transition:transform .15s}
details.fail[open]>summary:after{transform:rotate(180deg)}
.rest{margin-top:16px}.rest>summary{cursor:pointer;color:var(--soft)}
.inner{padding:0 14px 14px;overflow-wrap:anywhere}
.facts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 14px;margin:6px 0 10px;font-size:14px}
.facts dt{color:var(--soft)}.facts dd{margin:0;min-width:0}
pre,code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12.5px}
pre{background:var(--code);border:1px solid var(--line);border-radius:8px;padding:10px 12px;margin:6px 0;
overflow-x:auto;white-space:pre;max-height:340px}
.facts pre{margin:0;padding:4px 8px;max-height:150px}
.script{position:relative}.script button{position:absolute;top:8px;right:8px}
button,select,input[type=search]{font:inherit;font-size:13px;color:var(--ink);background:var(--card);
border:1px solid var(--line);border-radius:8px;padding:5px 10px}
button{cursor:pointer}button[aria-pressed=true]{background:var(--ink);color:var(--paper);border-color:var(--ink)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.bar{display:flex;flex-wrap:wrap;gap:8px;align-items:center;position:sticky;top:0;z-index:3;background:var(--paper);
padding:8px 0;border-bottom:1px solid var(--line)}
.bar input{flex:1 1 150px;min-width:0}
.legend{display:flex;flex-wrap:wrap;gap:4px 14px;font-size:13px;color:var(--soft);margin:8px 0}
.legend i{display:inline-block;width:12px;height:12px;border-radius:3px;vertical-align:-1px;margin-right:5px}
table.matrix{border-collapse:collapse;font-size:13px}
.matrix th{font-weight:500;text-align:left}
.matrix thead{position:sticky;top:50px;z-index:2;background:var(--paper)}
.matrix thead th{height:88px;vertical-align:bottom;padding:0 0 4px;color:var(--soft)}
.matrix thead th div{width:24px;white-space:nowrap;transform:rotate(-55deg);transform-origin:12px 100%;
translate:6px -4px}
.matrix tbody th{position:sticky;left:0;background:var(--paper);padding:1px 10px 1px 0;max-width:230px;
overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.matrix tbody th button{all:unset;cursor:pointer;display:block;overflow:hidden;text-overflow:ellipsis}
.matrix tbody th button:focus-visible{outline:2px solid var(--accent)}
.matrix tbody th button:hover{text-decoration:underline}
.matrix tr.chapter th{padding:14px 0 3px;font-weight:650;position:static}
.matrix td{padding:1px;line-height:0}
.matrix td i{display:flex;width:22px;height:18px;border-radius:4px;align-items:center;justify-content:center;
font:700 11px/1 system-ui;color:var(--card)}
.matrix td.ulp{padding:1px 0 1px 12px;text-align:right;color:var(--soft);font-variant-numeric:tabular-nums;
line-height:1.3;white-space:nowrap}
.matrix thead th.ulp{text-align:right;padding-left:12px;white-space:nowrap}
.matrix tr.open th,.matrix tr.open td{background:color-mix(in srgb,var(--accent) 12%,transparent)}
.matrix tr.detail>td{line-height:1.45;padding:4px 0 12px;max-width:0}
.drill{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:8px 12px;position:sticky;left:0;
width:min(1080px,calc(100vw - 34px))}
.drill ul{list-style:none;margin:0;padding:0}.drill li{padding:3px 0;border-bottom:1px solid var(--line)}
.drill li:last-child{border:0}.drill li i{display:inline-block;width:10px;height:10px;border-radius:3px;
margin-right:8px}.drill b{font-weight:600}
.panel[hidden]{display:none}
.plot h3{font-size:14px;margin:8px 4px 10px}
.chart{display:flex;max-width:820px}.chart svg{display:block;overflow:visible}
.chart .names{flex:none}
.chart .dots{flex:1;min-width:0;margin-right:20px}svg text{fill:var(--ink);font:11px system-ui,sans-serif}
svg .soft{fill:var(--soft)}svg .grid{stroke:var(--line)}svg .span{stroke:var(--line);stroke-width:2}
svg .p0{fill:var(--n0)}svg .p1{fill:var(--n1)}svg .p2{fill:var(--n2)}svg .p3{fill:var(--n3)}svg .p4{fill:var(--n4)}
.plot{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:8px}
.k0{background:var(--n0)}.k1{background:var(--n1)}.k2{background:var(--n2)}.k3{background:var(--n3)}
.k4{background:var(--n4)}
footer{margin-top:40px;color:var(--soft);font-size:13px}
@media (max-width:600px){main{padding:12px 12px 48px}h1{font-size:21px}.bar{position:static;border:0}
.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:6px}.matrix tbody th{max-width:112px;font-size:12px;
padding-right:6px}.matrix td i{width:17px;height:17px}.matrix thead{top:0}.matrix thead th{font-size:12px}
.matrix thead th div{width:19px;transform-origin:9px 100%}.matrix .ulp{display:none}
.drill{width:calc(100vw - 42px)}}
@media print{.bar{position:static}details.fail{break-inside:avoid}}
"""

SCRIPT = """
'use strict';
const $=(s,e=document)=>[...e.querySelectorAll(s)];
const DATA=JSON.parse(document.getElementById('data').textContent);
const WORDS={identical:'identical',within:'within bound',wrong:'wrong',unsupported:'unsupported',blocked:'blocked',
xfail:'expected failure',xpass:'unexpected pass',flaky:'flaky',crashed:'crashed','timed out':'timed out',
empty:'no examples'};
function el(tag,text,cls){const e=document.createElement(tag);
if(text)e.textContent=text;if(cls)e.className=cls;return e}
function pick(name,value){$(`[data-${name}-panel]`).forEach(p=>p.hidden=p.dataset[name+'Panel']!==value);
$(`[data-${name}]`).forEach(b=>b.setAttribute('aria-pressed',b.dataset[name]===value))}
$('[data-namespace]').forEach(b=>b.onclick=()=>pick('namespace',b.dataset.namespace));
$('[data-dtype]').forEach(b=>b.onclick=()=>pick('dtype',b.dataset.dtype));
function filter(){const text=document.getElementById('find').value.toLowerCase();
const only=document.getElementById('only').value;
$('table.matrix').forEach(t=>{let chapter=null,seen=false;
$('tbody>tr',t).forEach(r=>{if(r.classList.contains('detail')){r.remove();return}r.classList.remove('open');
if(r.classList.contains('chapter')){if(chapter)chapter.hidden=!seen;chapter=r;seen=false;return}
const name=r.dataset.name,hit=(name.includes(text)||r.dataset.chapter.includes(text))&&
(!only||r.dataset.worst.split(' ').includes(only));
r.hidden=!hit;seen=seen||hit});if(chapter)chapter.hidden=!seen})}
document.getElementById('find').oninput=filter;document.getElementById('only').onchange=filter;
function drill(row){const next=row.nextElementSibling;
if(next&&next.classList.contains('detail')){next.remove();row.classList.remove('open');return}
row.classList.add('open');const tr=el('tr','','detail'),td=el('td'),box=el('div','','drill'),list=el('ul');
td.colSpan=99;
for(const v of DATA[row.dataset.key]){const li=el('li'),dot=el('i','',v.s),name=el('b',v.k);
li.append(dot,name,document.createTextNode(' '+WORDS[v.s]+(v.w?`, ${v.w} of the bound`:'')+
(v.n?`, ${v.n} examples`:'')));
if(v.u)li.append(el('span',' \\u00b7 '+v.u,'soft'));
if(v.r)li.append(el('div',v.r,'soft'));
if(v.l){const a=el('a',v.l);a.href=v.l;li.append(a)}
if(v.m){li.append(el('div',v.m));
if(v.p){const d=el('details'),s=el('summary','script');d.append(s,el('pre',v.p));li.append(d)}}
list.append(li)}
box.append(list);td.append(box);tr.append(td);row.after(tr)}
document.addEventListener('click',e=>{
const copy=e.target.closest('button.copy');
if(copy){const text=copy.parentElement.querySelector('pre').textContent;
const done=()=>{copy.textContent='copied';setTimeout(()=>copy.textContent='copy',1500)};
if(navigator.clipboard)navigator.clipboard.writeText(text).then(done,()=>select(copy));else select(copy);return}
const row=e.target.closest('table.matrix tbody tr[data-key]');if(row)drill(row)});
function select(copy){const r=document.createRange();r.selectNodeContents(copy.parentElement.querySelector('pre'));
const s=getSelection();s.removeAllRanges();s.addRange(r)}
"""
