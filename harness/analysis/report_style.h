/* SPDX-License-Identifier: MIT */
/* report_style.h -- the looks of the report: readable on a phone, in the dark
 * and on paper, without scripts or files from elsewhere. */
#ifndef HM_HARNESS_ANALYSIS_REPORT_STYLE_H
#define HM_HARNESS_ANALYSIS_REPORT_STYLE_H

static const char report_style[] =
    ":root{color-scheme:light dark;--ink:#1d2329;--soft:#5a6672;"
    "--paper:#ffffff;--line:#dfe4e8;--shade:#f5f7f9;--good:#0a6b4f;"
    "--bad:#a8430b;--link:#005a9c}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e8eb;--soft:#9aa7b2;"
    "--paper:#14181c;--line:#2d353c;--shade:#1c2227;--good:#5fd0a8;"
    "--bad:#f0986a;--link:#7cc0f5}}\n"
    "*{box-sizing:border-box}\n"
    "body{font:16px/1.55 system-ui,sans-serif;color:var(--ink);"
    "background:var(--paper);max-width:72rem;margin:0 auto;padding:1rem}\n"
    "h1{font-size:1.7rem;line-height:1.2;margin:.6rem 0}\n"
    "h2{font-size:1.3rem;margin:2.4rem 0 .6rem;padding-top:.6rem;"
    "border-top:1px solid var(--line)}\n"
    "h3{font-size:1.1rem;margin:1.8rem 0 .4rem}\n"
    "a{color:var(--link)}p,li{max-width:46rem}\n"
    ".soft,figcaption small{color:var(--soft)}"
    ".soft{overflow-wrap:anywhere}\n"
    "nav{display:flex;flex-wrap:wrap;gap:.3rem 1rem;margin:.8rem 0}\n"
    ".findings li{margin:.35rem 0}\n"
    "figure{margin:1.2rem 0}figcaption{margin:.5rem 0;max-width:46rem}\n"
    ".chart{background:#fff;border:1px solid var(--line);"
    "border-radius:.5rem;padding:.5rem;overflow-x:auto}\n"
    ".chart svg{display:block;width:100%;height:auto;"
    "min-width:min(42rem,var(--w));max-width:var(--w);margin:0 auto}\n"
    ".wide{overflow-x:auto;margin:.5rem 0}\n"
    "table{border-collapse:collapse;font-size:.88rem;"
    "font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.28rem .6rem;border-bottom:1px solid var(--line);"
    "text-align:right;white-space:nowrap}\n"
    "th:first-child,td:first-child,td.word,th.word{text-align:left}\n"
    "thead th{background:var(--shade);font-weight:600}\n"
    "tr.base td,tr.base th{background:var(--shade)}\n"
    "td.wrap{white-space:normal;text-align:left;min-width:12rem;"
    "overflow-wrap:anywhere}\n"
    ".good{color:var(--good);font-weight:600}"
    ".bad{color:var(--bad);font-weight:600}\n"
    "summary{cursor:pointer;color:var(--link);padding:.3rem 0}\n"
    "dt{font-weight:600;margin-top:.6rem}dd{margin:0 0 0 1rem;"
    "max-width:44rem}\n"
    "@media print{details,.chart{break-inside:avoid}"
    ".chart svg{min-width:0}}\n";

#endif /* HM_HARNESS_ANALYSIS_REPORT_STYLE_H */
