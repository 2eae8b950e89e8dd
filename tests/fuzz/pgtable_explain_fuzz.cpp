// Any descriptor, level and settings: each bit is in one field, and words are found for all of it.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "smmuvp/pgtable/explain.h"

namespace {

using namespace smmuvp::pgtable;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "pgtable_explain_fuzz: violated: %s\n", what);
  std::abort();
}

struct Bytes {
  std::uint8_t format;
  std::int8_t level;
  std::uint8_t granule;
  std::uint8_t regime;
  std::uint16_t flags;
  std::uint64_t MAIR;
  std::uint32_t PRRR;
  std::uint32_t NMRR;
  std::uint32_t DACR;
  std::uint64_t descriptor;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes in = {};
  if (size != 0) std::memcpy(&in, data, size < sizeof in ? size : sizeof in);
  ExplainSettings s;
  const auto flag = [&](unsigned n) { return (in.flags >> n & 1) != 0; };
  s.granule = static_cast<Granule>(in.granule);
  s.LPA = flag(0);
  s.DS = flag(1);
  s.regime = static_cast<Regime>(in.regime);
  s.secure = flag(2);
  s.HPD = flag(3);
  s.HD = flag(4);
  s.FWB = flag(5);
  s.XNX = flag(6);
  s.AFE = flag(7);
  s.TRE = flag(8);
  if (flag(9)) s.MAIR = in.MAIR;
  if (flag(10)) s.PRRR = in.PRRR;
  if (flag(11)) s.NMRR = in.NMRR;
  if (flag(12)) s.DACR = in.DACR;
  const auto format = static_cast<DescriptorFormat>(in.format);
  const auto e = explain(format, in.level, in.descriptor, s);
  bool known = false;
  for (const int level : descriptor_levels(format, s)) known = known || level == in.level;
  require(e.has_value() == known, "a level of the format is explained, and no other");
  if (!e) return 0;
  std::uint64_t whole = 0;
  int next = static_cast<int>(descriptor_bits(format)) - 1;
  for (const Field& f : e->fields) {
    require(f.high == next && f.low <= f.high, "each bit is in one field");
    require(!f.name.empty() && f.meaning.find('?') == std::string::npos, "words for each field");
    require(f.use != FieldUse::res0 || f.wrong == (f.value != 0), "RES0 bits that are set are wrong");
    whole |= f.value << f.low;
    next = f.low - 1;
  }
  require(next == -1, "no bit is left out");
  require(whole == (descriptor_bits(format) == 32 ? in.descriptor & 0xffffffffU : in.descriptor),
          "the fields are the descriptor");
  require(e->address.has_value() == (e->kind >= DescriptorKind::table), "tables and leaves have an address");
  return 0;
}
