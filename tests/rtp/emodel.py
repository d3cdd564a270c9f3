"""The E-model of ITU-T G.107 written out in full, every default parameter by name: the second opinion that test_emodel.c
holds ours against. `python3 tests/rtp/emodel.py` prints its rows."""

from math import exp, log10, sqrt

# G.107 table 2: the defaults.
SLR, RLR, STMR, DS, DR, TELR, WEPL, QDU = 8, 2, 15, 3, 3, 65, 110, 1
NC, NFOR, PS, PR, A = -70, -64, 35, 35, 0
LSTR, OLR = STMR + DR, SLR + RLR
ST, MT = 1, 100


def r_factor(ie, bpl, ppl, burst_r, ta):
    # 7.2: basic signal to noise
    nos = PS - SLR - DS - 100 + 0.004 * (PS - OLR - DS - 14) ** 2
    pre = PR + 10 * log10(1 + 10 ** ((10 - LSTR) / 10))
    nor = RLR - 121 + pre + 0.008 * (pre - 35) ** 2
    no = 10 * log10(10 ** (NC / 10) + 10 ** (nos / 10) + 10 ** (nor / 10) + 10 ** ((NFOR + RLR) / 10))
    ro = 15 - 1.5 * (SLR + no)
    # 7.3: what comes together with the voice
    xolr = OLR + 0.2 * (64 + no - RLR)
    iolr = 20 * ((1 + (xolr / 8) ** 8) ** (1 / 8) - xolr / 8)
    stmro = -10 * log10(10 ** (-STMR / 10) + exp(-ta / 4) * 10 ** (-TELR / 10))
    ist = (12 * (1 + ((stmro - 13) / 6) ** 8) ** (1 / 8) - 28 * (1 + ((stmro + 1) / 19.4) ** 35) ** (1 / 35)
           - 13 * (1 + ((stmro - 3) / 33) ** 13) ** (1 / 13) + 29)
    q = 37 - 15 * log10(QDU)
    g = 1.07 + 0.258 * q + 0.0602 * q * q
    iq = 15 * log10(1 + 10 ** ((ro - 100) / 15 + 46 / 8.4 - g / 9) + 10 ** (46 / 30 - g / 40))
    # 7.4: delay
    terv = TELR - 40 * log10((1 + ta / 10) / (1 + ta / 150)) + 6 * exp(-0.3 * ta * ta)
    roe, re = -1.5 * (no - RLR), 80 + 2.5 * (terv - 14)
    idte = ((roe - re) / 2 + sqrt((roe - re) ** 2 / 4 + 100) - 1) * (1 - exp(-ta))
    rle = 10.5 * (WEPL + 7) * (2 * ta + 1) ** -0.25
    idle = (ro - rle) / 2 + sqrt((ro - rle) ** 2 / 4 + 169)
    x = log10(ta / MT) / log10(2) if ta > MT else 0
    idd = 25 * ((1 + x ** (6 * ST)) ** (1 / (6 * ST)) - 3 * (1 + (x / 3) ** (6 * ST)) ** (1 / (6 * ST)) + 2) if ta > MT else 0
    # 7.5: equipment and loss
    ie_eff = ie + (95 - ie) * ppl / (ppl / burst_r + bpl)
    return ro - (iolr + ist + iq) - (idte + idle + idd) - ie_eff + A


def r_factor_wide(ie, bpl, ppl, burst_r, ta):
    """G.107.1: the structure of G.107 with an R that goes to 129. Noise as in G.107, with the floor of G.107.1 table 1."""
    nfor = -96
    nos = PS - SLR - DS - 100 + 0.004 * (PS - OLR - DS - 14) ** 2
    pre = PR + 10 * log10(1 + 10 ** ((10 - LSTR) / 10))
    nor = RLR - 121 + pre + 0.008 * (pre - 35) ** 2
    no = 10 * log10(10 ** (NC / 10) + 10 ** (nos / 10) + 10 ** (nor / 10) + 10 ** ((nfor + RLR) / 10))
    ro, k = 129, 0.08 * ta + 10 if ta < 100 else 18
    terv = TELR + k - 40 * log10((1 + ta / 10) / (1 + ta / 150)) + 6 * exp(-0.3 * ta * ta)
    roe, re = -1.5 * (no - RLR), 80 + 3 * (terv - 14)
    idte = ((roe - re) / 2 + sqrt((roe - re) ** 2 / 4 + 100) - 1) * (1 - exp(-ta))
    rle = 10.5 * (WEPL + 7) * (2 * ta + 1) ** -0.25
    idle = (ro - rle) / 2 + sqrt((ro - rle) ** 2 / 4 + 169)
    x = log10(ta / MT) / log10(2) if ta > MT else 0
    idd = 25 * 1.29 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2) if ta > MT else 0
    return ro - (idte + idle + idd) - (ie + (95 - ie) * ppl / (ppl / burst_r + bpl))


def mos(r):
    # Annex B
    if r <= 0:
        return 1
    if r >= 100:
        return 4.5
    return max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


if __name__ == "__main__":
    print(f"/* default: R = {r_factor(0, 1, 0, 1, 0):.2f} */")
    for row in [(0, 25.1, 0, 1, 0), (0, 25.1, 0, 1, 50), (0, 25.1, 0, 1, 100), (0, 25.1, 0, 1, 150), (0, 25.1, 0, 1, 200),
                (0, 25.1, 0, 1, 250), (0, 25.1, 0, 1, 300), (0, 25.1, 0, 1, 400), (0, 25.1, 0, 1, 600),
                (0, 25.1, 0, 1, 1000), (0, 25.1, 1, 1, 40), (0, 25.1, 5, 1, 40), (0, 25.1, 5, 2, 40), (0, 25.1, 10, 1, 120),
                (0, 25.1, 20, 1.5, 60), (0, 4.3, 1, 1, 0), (0, 4.3, 5, 1, 0), (7, 25.1, 0, 1, 20), (7, 25.1, 3, 1, 180),
                (20, 43, 0, 1, 30), (20, 43, 5, 1, 30), (11, 19, 2, 1, 0), (0, 25.1, 50, 1, 20), (0, 25.1, 100, 8, 0),
                (0, 25.1, 100, 1, 500), (95, 10, 0, 1, 0)]:
        r, r0 = r_factor(*row), r_factor(*row[:4], 0)
        print("\t{%s, %.4f, %.4f, %.4f}," % (", ".join(f"{v:g}" for v in row), min(max(r, 0), 100), mos(r0), mos(r)))
    print("/* wide band */")
    for row in [(0, 15, 0, 1, 0), (5, 15, 0, 1, 0), (0, 15, 0, 1, 50), (5, 15, 0, 1, 150), (0, 25.1, 0, 1, 200), (13, 25.1, 0, 1, 20),
                (13, 25.1, 3, 1, 180), (13, 25.1, 5, 2, 40), (0, 16, 10, 1, 120), (0, 16, 100, 8, 0)]:
        r, r0 = r_factor_wide(*row), r_factor_wide(*row[:4], 0)
        print("\t{%s, %.4f, %.4f, %.4f}," % (", ".join(f"{v:g}" for v in row), r, mos(r0 / 1.29), mos(r / 1.29)))
