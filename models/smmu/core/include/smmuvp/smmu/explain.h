// A translation step by step, and what caches hold of it: for tools and messages.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/pgtable/explain_walk.h"
#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmu/translation.h"

namespace smmuvp::smmu {

/// Carries out a read without side effects.
using DebugMemory = std::function<MemoryAnswer(const MemoryOp&)>;

/// Whether a walk goes on alike from both.
bool same(const pgtable::TablePointer& a, const pgtable::TablePointer& b);
/// Likewise. Another size is another translation: software has changed it, if only its shape.
bool same(const pgtable::Stage2Translation& a, const pgtable::Stage2Translation& b);

/// What a cache holds for a lookup of a walk, and what memory has there.
template <class Value>
struct CachedPart {
  std::size_t step = 0;     ///< index of the first step of the walk that the lookup makes
  std::uint64_t input = 0;  ///< address that is looked up: VA or IPA
  AddressSpace space = AddressSpace::non_secure;  ///< of an IPA
  Value cached;
  std::optional<Value> memory;  ///< none: memory has no such table or translation
  bool stale() const { return !memory || !same(cached, *memory); }
};
/// What memory says to an address, and what caches of an Engine hold that an access would use instead.
struct TranslationExplanation {
  pgtable::ExplainedWalk walk;    ///< of memory alone, from the first table on
  std::optional<Tlb::Entry> tlb;  ///< of the main TLB
  bool tlb_stale = false;         ///< memory has another translation than `tlb`, or none
  std::uint8_t pbha = 0;          ///< of `walk`: AccessExtension::pbha
  std::vector<CachedPart<pgtable::TablePointer>> tables;     ///< of the walk cache
  std::vector<CachedPart<pgtable::Stage2Translation>> ipas;  ///< of the IPA cache

  /// Whether a cache differs from memory.
  bool stale() const;
};

/// Changes nothing: no cache, no counter, no time.
/// @param config  what `context` was made of. @param in_words  false: without what each descriptor says
TranslationExplanation explain_translation(Engine& engine, const pgtable::Config& config,
                                           const TranslationContext& context,
                                           const TranslationRequest& request, const DebugMemory& memory,
                                           bool in_words = true);

// ---- in words

/// "0x80001000, 4 KiB at 0x80001000, all: read write, Normal, ..., Non-shareable, PBHA 0x5". The last is left
/// out where it is 0.
std::string translation_words(std::uint64_t output, unsigned shift, pgtable::Rights rights,
                              const pgtable::Attributes& attributes, unsigned pbha);
/// ", PBHA 0x5", or nothing where it is 0.
std::string pbha_words(unsigned pbha);
/// Lines with `indent` before them: steps, each with what caches hold, the TLB, and how it ends.
std::string to_text(const TranslationExplanation& explanation, const std::string& indent);

}  // namespace smmuvp::smmu
