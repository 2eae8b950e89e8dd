#include "smmuvp/v3/cd.h"

#include <algorithm>

#include "bits.h"
#include "smmuvp/smmu/attributes.h"

namespace smmuvp::v3 {

namespace {

// CD.IPS; SMMUv3.1: 0b110 is 52 bits and 0b111 behaves as 0b110. Capped at OAS, at most 48 here.
std::uint8_t output_size(std::uint64_t IPS, const Features& f) {
  constexpr std::uint8_t sizes[8] = {32, 36, 40, 42, 44, 48, 52, 52};
  return std::min(sizes[IPS & 7], f.OAS);
}

// A 4 KiB granule only: IDR5.GRAN16K and GRAN64K are 0. TG0 and TG1 are encoded differently.
bool granule_supported(unsigned range, std::uint64_t TG) { return range == 0 ? TG == 0 : TG == 2; }

}  // namespace

Cd Cd::decode(const std::array<std::uint64_t, 8>& words, const Features& f) {
  Cd c;
  c.words = words;
  const std::uint64_t w = words[0];
  const auto illegal = [&c](const char* why) {
    c.why = why;
    return c;
  };
  // IHI 0070 5.4.2, in its order, for StreamWorld NS-EL1.
  if (!bit(w, 31)) return illegal("CD.V is 0");
  c.A = bit(w, 46);
  c.R = bit(w, 45);
  if (f.TERM_MODEL && !c.A) return illegal("CD.A is 0, and IDR0.TERM_MODEL is 1");
  if (bit(w, 44)) return illegal("CD.S is 1, and IDR0.STALL_MODEL is 0b01");
  const bool EPD[2] = {bit(w, 14), bit(w, 30)};
  const bool ENDI = bit(w, 15);
  if (!EPD[0] || !EPD[1]) {
    if (f.TTENDIAN == 2 && ENDI) return illegal("CD.ENDI is 1, and IDR0.TTENDIAN is little-endian");
    if (f.TTENDIAN == 3 && !ENDI) return illegal("CD.ENDI is 0, and IDR0.TTENDIAN is big-endian");
  }
  if (!bit(w, 41)) return illegal("CD.AA64 is 0, and IDR0.TTF has no VMSAv8-32 LPAE");
  if (bit(w, 42) || bit(w, 43)) return illegal("CD.HA or CD.HD is 1, and IDR0.HTTU is 0");
  c.ASID = static_cast<std::uint16_t>(w >> 48);
  if (!f.ASID16 && c.ASID > 0xff) return illegal("CD.ASID[15:8] is not 0, and IDR0.ASID16 is 0");
  c.ASET = bit(w, 47) ? 1 : 0;

  pgtable::Stage1Config& s1 = c.config.stage1;
  s1.output_size = output_size(bits(w, 34, 32), f);
  s1.big_endian = ENDI;
  s1.AFFD = bit(w, 35);
  s1.WXN = bit(w, 36);
  s1.PAN = bit(w, 40);  // UWXN is IGNORED with VMSAv8-64
  for (unsigned i = 0; i < 8; ++i) {
    const auto mair = smmu::normalised_mair(static_cast<std::uint8_t>(words[3] >> (8 * i)));
    s1.MAIR |= std::uint64_t{mair} << (8 * i);
  }
  for (unsigned i = 0; i < 2; ++i) {
    const unsigned at = i == 0 ? 0 : 16;
    pgtable::TableConfig& t = s1.tables[i];
    t.EPD = EPD[i];
    t.TBI = c.TBI[i] = bit(w, 38 + i);
    if (t.EPD) continue;  // 5.4.1.1: TxSZ, TGx, IRx, ORx, SHx and TTBx are IGNORED
    t.TxSZ = static_cast<std::uint8_t>(bits(w, at + 5, at));
    // IDR3.STT == 0, IDR5.VAX == 0; SMMUv3.0 may treat it as ILLEGAL as well.
    if (t.TxSZ < 16 || t.TxSZ > 39) {
      return illegal(i == 0 ? "CD.T0SZ is not 16 to 39" : "CD.T1SZ is not 16 to 39");
    }
    if (!granule_supported(i, bits(w, at + 7, at + 6))) {
      return illegal(i == 0 ? "CD.TG0 is no supported granule" : "CD.TG1 is no supported granule");
    }
    t.base = words[1 + i] & (f.HAD ? 0x000f'ffff'ffff'fff0ULL : 0x0000'ffff'ffff'fff0ULL);  // 3.1 and 3.0
    if (t.base >> s1.output_size != 0) {
      return illegal(i == 0 ? "CD.TTB0 is beyond the effective IPS" : "CD.TTB1 is beyond the effective IPS");
    }
    t.HPD = f.HAD && bit(words[1 + i], 1);
    t.walk_attributes.IRGN = static_cast<std::uint8_t>(bits(w, at + 9, at + 8));
    t.walk_attributes.ORGN = static_cast<std::uint8_t>(bits(w, at + 11, at + 10));
    t.walk_attributes.SH = static_cast<pgtable::Shareability>(bits(w, at + 13, at + 12));
  }
  c.translation.setup = pgtable::WalkSetup(c.config);
  c.translation.tag = {0, pgtable::Stages::stage1, c.ASET, 0, c.ASID};
  c.translation.TBI = c.TBI;
  c.valid = true;
  return c;
}

void Cd::visit(Archive& archive) {
  for (std::uint64_t& word : words) archive.value("word", word);
}

}  // namespace smmuvp::v3
