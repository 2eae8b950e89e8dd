// Any structure of the SMMUv3 in memory: the first byte is its kind, its words follow. It is explained, and
// what its fields hold is written back.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "smmuvp/smmuv3/cd_fields.h"
#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/explain.h"
#include "smmuvp/smmuv3/page_request_fields.h"
#include "smmuvp/smmuv3/ste_fields.h"
#include "smmuvp/smmuv3/vms_fields.h"

namespace {

using namespace smmuvp;
using namespace smmuvp::smmuv3;

void check(bool holds) {
  if (!holds) std::abort();
}

FieldList fields_of(StructureKind kind, std::uint8_t number) {
  switch (kind) {
    case StructureKind::L1STD:
      return L1STD_structure.fields;
    case StructureKind::STE:
      return STE_structure.fields;
    case StructureKind::L1CD:
      return L1CD_structure.fields;
    case StructureKind::CD:
      return CD_structure.fields;
    case StructureKind::command: {
      const CommandInfo* info = find_command(number);
      return info != nullptr ? info->fields : FieldList();
    }
    case StructureKind::event: {
      const EventInfo* info = find_event(number);
      return info != nullptr ? info->fields : FieldList();
    }
    case StructureKind::page_request:
      return PRI_structure.fields;
    case StructureKind::VMS:
      return VMS_structure.fields;
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto kind = static_cast<StructureKind>(data[0] % structure_kind_count);
  const unsigned count = kind_info(kind).words;
  std::array<std::uint64_t, 8> words{};
  for (std::size_t i = 1; i < size && i <= count * 8; ++i) {
    words[(i - 1) / 8] |= std::uint64_t{data[i]} << (8 * ((i - 1) % 8));
  }

  const StructureExplanation e = explain(kind, words.data());
  for (const ExplainedField& f : e.fields) {
    check(f.low <= f.high && f.high < count * 64 && f.low / 64 == f.high / 64);
    check(f.value == ((words[f.low / 64] >> (f.low % 64)) & low_bits(f.high - f.low + 1)));
  }

  std::array<std::uint64_t, 8> again{};
  std::array<std::uint64_t, 8> declared{};
  for (const Field* f : fields_of(kind, static_cast<std::uint8_t>(words[0]))) {
    set(again, *f, get(words, *f));
    declared[f->word()] |= f->in_word();
  }
  for (unsigned i = 0; i < count; ++i) check(again[i] == (words[i] & declared[i]));

  if (kind == StructureKind::event && find_event(static_cast<std::uint8_t>(words[0])) != nullptr) {
    const auto written = Event::decode({words[0], words[1], words[2], words[3]}).words();
    check(Event::decode(written).words() == written);
    for (unsigned i = 0; i < 4; ++i) check((written[i] & ~words[i]) == 0);
  }
  return 0;
}
