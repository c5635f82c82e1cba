class SharedUse {}
module.exports = { SharedUse }
