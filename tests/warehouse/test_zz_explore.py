from __future__ import annotations
import time

def test_x(shop, bench):
    """x."""
    bench.sql(f"create schema if not exists {shop.schema}")
    inc = "{{ config(materialized='incremental', incremental_strategy='append') }} select 1 as id"
    for name in ("cut_before", "cut_after", "bare", "bare_after", "ra_after"):
        bench.sql(f"create table {shop.schema}.{name} using delta as select 0 as id")
        shop.write(f"models/{name}.sql", inc)
    for name in ("t_cut", "t_cut_after"):
        shop.model(name)
    ins = "insert into .*{}"
    bench.fail(
        {"do": "cut", "sql": "insert.*`cut_before`"},
        {"do": "cut_after", "sql": "insert.*`cut_after`"},
        {"do": "refuse", "sql": "insert.*`bare`"},
        {"do": "refuse_after", "sql": "insert.*`bare_after`"},
        {"do": "refuse_after", "sql": "insert.*`ra_after`", "retry_after": 1},
        {"do": "cut", "sql": "create or replace table.*`t_cut`"},
        {"do": "cut_after", "sql": "create or replace table.*`t_cut_after`"},
    )
    t = time.monotonic()
    done = shop.run("--run-type=incremental", "--threads=2")
    print(time.monotonic() - t, done.code)
    print(done.stdout, done.stderr)
    for s in bench.told()["statements"]:
        print(s["state"], s["sql"][:300].replace("\n", " "))
    print(bench.told()["faults"])
    for n in ("cut_before", "cut_after", "bare", "bare_after", "ra_after", "t_cut", "t_cut_after"):
        try: print(n, shop.rows(n))
        except Exception as e: print(n, e)
