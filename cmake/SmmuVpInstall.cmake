# What is installed; the package files for find_package and pkg-config are made here.
