// A guest program of these tests, put into memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace smmuvp::cpu {

/// Loads the segments of an ELF file to where `memory` says that their physical addresses are. Returns its
/// symbols.
std::map<std::string, uint64_t> load_guest_program(const char* path,
                                                   const std::function<uint8_t*(uint64_t)>& memory);

}  // namespace smmuvp::cpu
