// What the structures of an Engine hold, in words: for people and tools.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "smmuvp/base/dump.h"
#include "smmuvp/smmu/engine.h"

namespace smmuvp::smmu {

/// How an SMMU calls the regime of a Tag.
using RegimeName = std::function<std::string(std::uint8_t regime)>;

/// Adds a section each: main TLB, walk cache, IPA cache, the micro TLB of each TBU, what is under way.
/// Entries stand in the order of their tags and addresses, whenever they came. Changes nothing.
void dump(const Engine& engine, const RegimeName& regime, DumpSection& to, bool pbha = false);

}  // namespace smmuvp::smmu
