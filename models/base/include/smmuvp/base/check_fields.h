// Whether tables of fields are well-formed: checked when they are compiled.
#pragma once

#include <cstddef>

#include "smmuvp/base/fields.h"

namespace smmuvp {

constexpr bool same_text(const char* a, const char* b) {
  for (; *a != 0 && *a == *b; ++a, ++b) {
  }
  return *a == *b;
}

constexpr bool begins_with(const char* text, const char* start) {
  for (; *start != 0; ++text, ++start) {
    if (*text != *start) return false;
  }
  return true;
}

/// Bits with a name of their own.
constexpr bool is_named(const Field& f) {
  return f.use != FieldUse::implementation_defined && f.use != FieldUse::unplaced;
}

/// Whether the same bits may be both: one is there only where the other is not.
constexpr bool are_alternatives(const Field& a, const Field& b) {
  return a.when != nullptr && b.when != nullptr && !same_text(a.when, b.when);
}

/// Each field lies within one word of the structure, ascends, shares no bit but with alternatives, and no two
/// have one name.
constexpr bool well_formed(const FieldList& fields, std::size_t bytes) {
  unsigned last = 0;
  std::size_t at = 0;
  for (const Field* f : fields) {
    ++at;
    if (f->high < f->low || f->high >= bytes * 8 || f->high / 64 != f->low / 64) return false;
    if (f->low < last) return false;
    last = f->low;
    if (f->elements == 0 || f->width() % f->elements != 0) return false;
    for (unsigned i = 0; i < f->value_count; ++i) {
      if (f->values[i].value > low_bits(f->width() / f->elements)) return false;
    }
    std::size_t other = 0;
    for (const Field* g : fields) {
      if (++other == at) continue;  // by place: sanitizers' addresses are no constants
      if (f->overlaps(*g) && !are_alternatives(*f, *g)) return false;
      if (is_named(*f) && is_named(*g) && same_text(f->name, g->name)) return false;
    }
  }
  return true;
}

constexpr bool well_formed(const StructureInfo& s) { return well_formed(s.fields, s.bytes); }

}  // namespace smmuvp
