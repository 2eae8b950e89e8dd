#include "smmuvp/smmuv2/explain_register.h"

#include <algorithm>
#include <string>
#include <utility>

#include "smmuvp/pgtable/explain.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

namespace {

ExplainedField bits_of(unsigned high, unsigned low, std::uint64_t value) {
  ExplainedField e;
  e.high = high;
  e.low = low;
  e.value = value >> low & low_bits(high - low + 1);
  return e;
}

}  // namespace

std::vector<ExplainedField> explain_register(const StructureInfo& format, std::uint64_t value) {
  std::vector<ExplainedField> fields;
  unsigned next = 0;
  const auto reserved = [&](unsigned end) {
    if (next >= end) return;
    ExplainedField e = bits_of(end - 1, next, value);
    if (e.value == 0) return;
    e.name = "RES0";
    e.text = hex_text(e.value);
    e.meaning = "must be 0";
    e.wrong = true;
    fields.push_back(std::move(e));
  };
  for (const Field* f : format.fields) {
    reserved(f->low);
    next = std::max<unsigned>(next, f->high + 1U);
    ExplainedField e = bits_of(f->high, f->low, value);
    e.name = f->name;
    e.text = value_text(*f, e.value);
    e.meaning = f->use == FieldUse::memory_types
                    ? pgtable::memory_types_words(e.value, f->width() / 8, f == &MAIR1_Attr ? 4 : 0)
                    : meaning_text(*f, e.value, e.wrong);
    fields.push_back(std::move(e));
  }
  reserved(format.bytes * 8U);
  return fields;
}

}  // namespace smmuvp::smmuv2
